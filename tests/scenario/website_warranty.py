"""A warranty is registered and answered in one request; the same button twice changes nothing, another's
serial number is refused with its field, and whoever types in a mailbox does not come near its owner."""
from lib import Hub, event
from website_site import SECRET, Site, signed

YES = "ASSURANCE_VERIFIED"


def registration(serial, *, signed_in=None, email="a@example.com", **unit):
    party = {"emails": [{"value": email, "assurance": YES}], "name": {"full": "王芳"}}
    if signed_in:
        party.update(commonId=signed_in, commonIdAssurance=YES)
    return {"unit": {"serialNumber": serial, "productId": "TV-46", **unit}, "customer": party}


with Hub() as hub:
    ops = hub.peer("ops", roles="operator, consumer", topics=">")
    info = hub.peer("info", roles="producer", sources="urn:info", types="reference.>")
    site = Site(hub, warranty__source="urn:warranty", warranty__within_days=400)
    site.sender("form", secret=SECRET)
    site.sender("shop", secret=SECRET, verifies="yes", signs_in="yes")
    hub.start()
    hub.run(info, "publish", input=event("reference.product.published", 1, "urn:info", {
        "productId": "TV-46", "model": "KDL-46", "warrantyMonths": 24}))
    with site:
        def register(sender, id, *words, **more):
            return site.post(f"/warranty/{sender}", signed(SECRET, id, registration(*words, **more)))

        today = hub.status(ops)["nowTimeUs"]
        bought = __import__("datetime").date.fromtimestamp(int(today) / 1e6).isoformat()
        status, first = register("shop", "w1", "SN-12 345", signed_in="c-77", purchaseDate=bought)
        assert status == 200 and first["registered"], first
        assert first["entitlement"]["startDate"] == bought and len(first["customerNumber"]) == 12
        assert int(first["entitlement"]["endDate"][:4]) - int(bought[:4]) in (1, 2), first
        status, again = register("shop", "w2", "SN-12 345", signed_in="c-77", purchaseDate=bought)
        assert (status, again) == (200, first), again

        # Somebody else, with the owner's mailbox: told why not, and nothing of the owner.
        status, answer = register("form", "w3", "sn12345", purchaseDate=bought)
        assert (status, answer["reason"], answer["field"]) == (
            409, "already_registered", "unit.serialNumber"), answer
        status, other = register("form", "w4", "SN-99999", purchaseDate=bought)
        assert status == 200 and "customerNumber" not in other, other
        # That he is signed in is believed of a sender who may say so, and of no other.
        status, other = register("form", "w5", "SN-99998", signed_in="c-77", purchaseDate=bought)
        assert status == 200 and "customerNumber" not in other, other
        owner = first["customerNumber"]
        numbers = [item["customer"] for item in hub.ask(ops, "find", "--type",
                                                        "website.warranty.registered")]
        assert len(numbers) == 3 and numbers.count(owner) == 1, numbers

        for serial, unit, field in (("0000000", {"purchaseDate": bought}, "unit.serialNumber"),
                                    ("SN-55555", {"purchaseDate": "2020-01-01"}, "unit.purchaseDate"),
                                    ("SN-55555", {"purchaseDate": "soon"}, "unit.purchaseDate"),
                                    ("SN-55555", {}, "unit.purchaseDate")):
            status, answer = register("form", "w6", serial, **unit)
            assert (status, answer["registered"], answer["field"]) == (400, False, field), answer
    refused = hub.ask(ops, "find", "--type", "website.warranty.refused")
    assert len(refused) == 5 and owner not in {item["customer"] for item in refused}, refused
    hub.stop()
