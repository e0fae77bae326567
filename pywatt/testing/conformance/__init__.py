"""Cases that any module has to pass, each with what it shows and where the protocol asks for it."""
