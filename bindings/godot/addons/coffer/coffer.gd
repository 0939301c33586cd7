# Coffer for Godot 3: the class of a database, and what its methods return.
#
#     const Coffer = preload("res://addons/coffer/coffer.gd")
#
#     var db = Coffer.Database.new()
#     if db.open("user://saves") != Coffer.OK:
#         push_error(db.get_last_error())
#     db.save_persistent_data("slot-1", {"hero": "Ash", "gold": 250})
#     var slot = db.load_persistent_data("slot-1", {})
#
# - What saves or changes returns a status: OK (0, as Godot's own), or a negative number. What makes a number (a revision, how
#   many events) returns it, or the negative status; subscribe and begin_call return any int but 0, or 0. What loads or
#   tells returns a value, or null.
# - After any of them get_last_status() and get_last_error() say how the last call on this thread went, in one line.
#   load_persistent_data(key, default) returns the default only if there is no such document.
# - Values are null, bool, int, float, String, and Arrays and Dictionaries of these, and come back as they were: ints as
#   ints, 1.0 as a float, int keys as ints. Vector2 and other types are refused: save their parts, or var2str() of them.
#   A number that another program wrote with more digits than an int or float holds is rounded when it is loaded as a value.
# - The methods with `text` in their names take and give the JSON itself, byte for byte.
# - Options are Dictionaries with the members that coffer.h names. Paths may begin with user:// and res://.
# - Events come as the signal hub_event while you call poll(), in _process for example; calls of plug-ins as plugin_called.
# - An object closes its store when its last reference goes. Objects that open the same folder share one store, so give each
#   Thread an object of its own: two threads in methods of one object crash debug builds of the engine, with any native class.
#
# It must not hold logic. Invariant: every COFFER_ number of coffer.h is here without that prefix; a test compares them.
extends Reference

const Database = preload("res://addons/coffer/database.gdns")

const OK = 0
const ERROR_NULL_ARGUMENT = -1
const ERROR_INVALID_HANDLE = -2
const ERROR_INVALID_UTF8 = -3
const ERROR_INVALID_JSON = -4
const ERROR_INVALID_KEY = -5
const ERROR_INVALID_OPTION = -6
const ERROR_INVALID_ARGUMENT = -7
const ERROR_TOO_LARGE = -8
const ERROR_TOO_DEEP = -9
const ERROR_NOT_FOUND = -10
const ERROR_CONFLICT = -11
const ERROR_RESERVED_KEY = -12
const ERROR_BUFFER_TOO_SMALL = -13
const ERROR_BUSY = -14
const ERROR_READ_ONLY = -15
const ERROR_IO = -16
const ERROR_NO_STORE = -17
const ERROR_CORRUPT = -18
const ERROR_FAILED = -19
const ERROR_UNSUPPORTED_FORMAT = -20
const ERROR_OUT_OF_MEMORY = -21
const ERROR_UNKNOWN_SNAPSHOT = -22
const ERROR_OUT_OF_REACH = -23
const ERROR_UNKNOWN_PLUGIN = -24
const ERROR_NAME_TAKEN = -25
const ERROR_CALL_FAILED = -26
const ERROR_TIMED_OUT = -27
const ERROR_CALLS_TOO_DEEP = -28
const ERROR_PENDING = -29
const ERROR_MODULE_ABSENT = -30
const ERROR_UNREADABLE = -31
const ERROR_CANCELLED = -32
const ERROR_FORKED = -33
const ERROR_INTERNAL = -99
const ABI_VERSION = 2
const DURABILITY_DEFAULT = 0
const DURABILITY_BEHIND = 1
const DURABILITY_WRITTEN = 2
const DURABILITY_DURABLE = 3
const ANY_REVISION = -1
const MAX_BATCH = 1000000
