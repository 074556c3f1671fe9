"""How much of everything may come from outside: far more than people need, and still an end.

Texts are counted in characters (code points), as JSON Schema counts them. Limits on bodies are where bodies are read.
"""

# Documents of the Config API. All of them are in the memory of every instance.
NAME = 256  # of spaces, functions, event types and authorizers: at most the 1,024 bytes that a sort key of DynamoDB may have
PATH = 512  # of subscriptions and CORS rules: it is part of the id, escaped and in base64, and that must fit into REQUEST_LINE
SEGMENTS = 64  # of these paths
PARAMETERS = 32  # `:name` and `*name` in these paths
LABELS, LABEL_NAME, LABEL_VALUE = 64, 128, 1024
LIST, LIST_TEXT = 100, 512  # of origins, methods and headers in a CORS rule: each request is compared with all of them
SETTING = 2048  # of a provider: URLs and ARNs are shorter
TOKEN = 8192  # of temporary AWS credentials: AWS promises no length, they have some 1,000 characters

# Who may emit to a space. An instance that has read an issuer's key set keeps those keys, for up to KEY_SETS issuers.
EMIT_KEYS, KEY_NAME = 100, 128
ADDRESSES = 100  # blocks of IP addresses: each request is compared with all of them
AUDIENCES = 10
JWT = 8192  # API Gateway takes little more in a header
KEY_SETS, KEY_SET_BYTES, KEY_SET_KEYS = 256, 256 * 1024, 50

# Requests to both APIs.
REQUEST_LINE = 10_240  # of path and of query: API Gateway takes so many bytes for all of the request line and the values of headers
REQUEST_SEGMENTS = 256
QUERY_PARAMETERS = 1000
LIST_PARAMETERS = LABELS  # of a list of the Config API besides `limit` and `cursor`: more labels than a resource has find nothing
METHOD = 32
HEADERS, HEADER_NAME = 256, 256
HEADER_BYTES = 32 * 1024  # names and values together: what API Gateway lets in, and what it adds
CONTENT_TYPE = 1024
KEY = 1024  # in the header Authorization: keys that we make are far shorter
CURSOR = 4096  # of pages: a bit more than the longest that is given out

# Events, besides what their body may have.
EVENT_TYPE = NAME
EVENT_ID = 1024
EVENT_VERSION = 128  # of CloudEvents, and of the event type
EVENT_TIME = 64
EVENT_URI = 2048  # source and schema
EXTENSIONS, EXTENSION_NAME = 100, 256
