"""A hub starts with nothing, stops cleanly, is killed, and starts again every time; what it holds
then agrees with its journal."""
from lib import Hub

with Hub() as hub:
    hub.peer("ops", roles="consumer, operator, admin", topics=">")
    hub.start()
    hub.stop()
    hub.offline("verify")
    hub.start()
    hub.kill()
    hub.start()
    hub.stop()
    assert "verify\tok" in hub.offline("verify")
