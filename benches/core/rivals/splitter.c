/* The frame splitter by hand: feed(chunk) -> list of (code, payload), any chunking, codes 1 to 3, a limit.
 *
 * A payload that the chunk holds is copied once, into the bytes object that is handed out. One that is cut is
 * gathered in a bytes object that grows with what has really come, up to the announced size and no further.
 * Only for measuring: what the compiled core is compared with.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <string.h>

#define HEADER 5

typedef struct {
    PyObject_HEAD
    Py_ssize_t limit;
    unsigned char head[HEADER];
    Py_ssize_t held;     /* header bytes kept from earlier chunks */
    PyObject *partial;   /* the open payload, or NULL */
    Py_ssize_t capacity; /* bytes that `partial` has room for */
    Py_ssize_t filled;   /* of which so many are there */
    Py_ssize_t size;     /* of the open payload */
    int code;            /* of the open payload; 0 while it is only read past */
    int open;
} Splitter;

static int append(PyObject *frames, int code, PyObject *payload)
{
    PyObject *number = PyLong_FromLong(code);
    PyObject *pair = number == NULL ? NULL : PyTuple_New(2);
    if (pair == NULL) {
        Py_XDECREF(number);
        Py_DECREF(payload);
        return -1;
    }
    PyTuple_SET_ITEM(pair, 0, number);
    PyTuple_SET_ITEM(pair, 1, payload);
    int failed = PyList_Append(frames, pair);
    Py_DECREF(pair);
    return failed;
}

static int gather(Splitter *self, const char *data, Py_ssize_t count)
{
    if (self->code == 0) {
        self->filled += count;
        return 0;
    }
    Py_ssize_t needed = self->filled + count;
    if (self->partial == NULL || needed > self->capacity) {
        Py_ssize_t capacity = needed < 2048 ? 4096 : 2 * needed;
        if (capacity > self->size)
            capacity = self->size;
        if (self->partial == NULL)
            self->partial = PyBytes_FromStringAndSize(NULL, capacity);
        else
            _PyBytes_Resize(&self->partial, capacity);
        if (self->partial == NULL)
            return -1;
        self->capacity = capacity;
    }
    memcpy(PyBytes_AS_STRING(self->partial) + self->filled, data, count);
    self->filled = needed;
    return 0;
}

/* Take what the chunk has of the open payload. Returns the new position, or -1. */
static Py_ssize_t go_on(Splitter *self, const char *data, Py_ssize_t position, Py_ssize_t end, PyObject *frames)
{
    Py_ssize_t missing = self->size - self->filled;
    Py_ssize_t taken = end - position < missing ? end - position : missing;
    if (gather(self, data + position, taken) < 0)
        return -1;
    if (self->filled == self->size) {
        self->open = 0;
        if (self->code != 0) {
            PyObject *payload = self->partial;
            self->partial = NULL;
            if (append(frames, self->code, payload) < 0)
                return -1;
        }
    }
    return position + taken;
}

static PyObject *feed(Splitter *self, PyObject *chunk)
{
    if (!PyBytes_Check(chunk)) {
        PyErr_SetString(PyExc_TypeError, "a chunk has to be bytes");
        return NULL;
    }
    const char *data = PyBytes_AS_STRING(chunk);
    Py_ssize_t position = 0, end = PyBytes_GET_SIZE(chunk);
    PyObject *frames = PyList_New(0);
    if (frames == NULL)
        return NULL;
    while (position < end) {
        const unsigned char *header;
        if (self->open) {
            position = go_on(self, data, position, end, frames);
            if (position < 0)
                goto failed;
            continue;
        }
        if (self->held > 0 || end - position < HEADER) {
            Py_ssize_t taken = HEADER - self->held < end - position ? HEADER - self->held : end - position;
            memcpy(self->head + self->held, data + position, taken);
            self->held += taken;
            position += taken;
            if (self->held < HEADER)
                break;
            self->held = 0;
            header = self->head;
        } else {
            header = (const unsigned char *)data + position;
            position += HEADER;
        }
        Py_ssize_t size = ((Py_ssize_t)header[0] << 24) | (header[1] << 16) | (header[2] << 8) | header[3];
        int code = header[4];
        int wanted = code >= 1 && code <= 3;
        if (size > self->limit) {
            PyErr_Format(PyExc_ValueError, "a frame of %zd bytes is above the limit", size);
            goto failed;
        }
        if (wanted && size <= end - position) {
            PyObject *payload = PyBytes_FromStringAndSize(data + position, size);
            if (payload == NULL || append(frames, code, payload) < 0)
                goto failed;
            position += size;
            continue;
        }
        self->size = size;
        self->filled = 0;
        self->code = wanted ? code : 0;
        self->open = size > 0;
    }
    return frames;
failed:
    Py_DECREF(frames);
    return NULL;
}

static int start(Splitter *self, PyObject *arguments, PyObject *keywords)
{
    static char *names[] = {"limit", NULL};
    return PyArg_ParseTupleAndKeywords(arguments, keywords, "n", names, &self->limit) ? 0 : -1;
}

static void end_of(Splitter *self)
{
    Py_XDECREF(self->partial);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

static PyMethodDef methods[] = {
    {"feed", (PyCFunction)feed, METH_O, "The frames that this chunk completes, as (code, payload)."},
    {NULL, NULL, 0, NULL},
};

static PyTypeObject splitter_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "c_splitter.Splitter",
    .tp_basicsize = sizeof(Splitter),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = PyType_GenericNew,
    .tp_init = (initproc)start,
    .tp_dealloc = (destructor)end_of,
    .tp_methods = methods,
};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, .m_name = "c_splitter", .m_size = -1};

PyMODINIT_FUNC PyInit_c_splitter(void)
{
    if (PyType_Ready(&splitter_type) < 0)
        return NULL;
    PyObject *made = PyModule_Create(&module);
    if (made != NULL && PyModule_AddObjectRef(made, "Splitter", (PyObject *)&splitter_type) < 0)
        Py_CLEAR(made);
    return made;
}
