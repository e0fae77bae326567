from gates import gate

__all__ = ["gate"]
