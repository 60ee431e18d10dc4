"""Why a web socket is closed: the codes of close frames (RFC 6455, §7.4)."""

NORMAL, GOING_AWAY, BAD_PAYLOAD, POLICY, TOO_BIG, UNEXPECTED, FULL = 1000, 1001, 1007, 1008, 1009, 1011, 1013
"""Those of the register, https://www.iana.org/assignments/websocket/websocket.xhtml."""
NO_KEY = 4401
"""Our own: the caller must log in or send a key, as after a 401."""
