"""The texts every business begins with: six standard ones in English and Hindi, for SMS and e-mail, and links by mail.

The SMS texts are those registered with the DLT registry under the operator's entity; changing a character here without
registering it anew makes operators drop the message. Their worst case keeps to the registry's share of variables.
"""

from dataclasses import dataclass
from typing import Any

from django.conf import settings

from connectors.sms.dlt import Category, Tag

from .models import Channel, Template


@dataclass(frozen=True, slots=True)
class _Text:
    name: str
    channel: Channel
    language: str
    text: str
    subject: str = ""
    variables: tuple[dict[str, Any], ...] = ()


def _v(name: str, tag: Tag = Tag.ALPHANUMERIC, *, cut: int = 0, secret: bool = False) -> dict[str, Any]:
    return {"name": name, "tag": tag.value, "cut": cut, "secret": secret}


_ACADEMY = _v("academy", cut=20)
_VARIABLES: dict[str, tuple[dict[str, Any], ...]] = {
    "otp": (_v("code", Tag.NUMERIC, secret=True), _ACADEMY),
    "welcome": (_v("name", cut=20), _ACADEMY),
    "payment": (_v("amount", Tag.NUMERIC), _v("receipt"), _ACADEMY),
    "booking": (_v("seat", cut=12), _v("day", cut=14), _v("shift", cut=20), _ACADEMY),
    "reminder": (_v("amount", Tag.NUMERIC), _v("title", cut=20), _v("day", cut=14), _ACADEMY),
    "class": (_v("title", cut=20), _v("time", cut=14), _ACADEMY),
}
NAMES = tuple(_VARIABLES)

_SMS = {
    ("otp", "en"): "{#numeric#} is your code to sign in at {#alphanumeric#}. It is valid for 5 minutes. "
    "Do not tell it to anyone.",
    ("otp", "hi"): "{#numeric#} {#alphanumeric#} में साइन इन करने का आपका कोड है। यह 5 मिनट तक मान्य है। किसी को न बताएं।",
    ("welcome", "en"): "Dear {#alphanumeric#}, welcome to {#alphanumeric#}. Sign in with this mobile number to see "
    "your classes, seats and fees.",
    ("welcome", "hi"): "प्रिय {#alphanumeric#}, {#alphanumeric#} में आपका स्वागत है। अपनी कक्षाएं, सीट और शुल्क देखने के लिए "
    "इसी मोबाइल नंबर से साइन इन करें।",
    ("payment", "en"): "Your payment of Rs {#numeric#} has been received. Receipt {#alphanumeric#} can be read and "
    "printed after you sign in. Thank you. {#alphanumeric#}",
    (
        "payment",
        "hi",
    ): "आपका Rs {#numeric#} का भुगतान प्राप्त हुआ। रसीद {#alphanumeric#} साइन इन करके देखी और छापी जा सकती है। "
    "आपका बहुत-बहुत धन्यवाद। {#alphanumeric#}",
    ("booking", "en"): "Your seat {#alphanumeric#} is booked for {#alphanumeric#}, {#alphanumeric#}. Please show this "
    "message at the front desk when you arrive. Thank you. {#alphanumeric#}",
    (
        "booking",
        "hi",
    ): "आपकी सीट {#alphanumeric#} {#alphanumeric#}, {#alphanumeric#} के लिए बुक हो गई है। आने पर कृपया यह संदेश "
    "काउंटर पर दिखाएं। आपका धन्यवाद। आपसे मिलकर हमें खुशी होगी। {#alphanumeric#}",
    (
        "reminder",
        "en",
    ): "Rs {#numeric#} for {#alphanumeric#} is due on {#alphanumeric#}. Please sign in and pay by then; "
    "ignore this message if you have already paid. {#alphanumeric#}",
    (
        "reminder",
        "hi",
    ): "Rs {#numeric#} ({#alphanumeric#}) {#alphanumeric#} तक देय है। कृपया साइन इन करके तब तक भुगतान करें; "
    "यदि आप भुगतान कर चुके हैं तो इस संदेश को अनदेखा करें। धन्यवाद। {#alphanumeric#}",
    ("class", "en"): "Your class {#alphanumeric#} begins at {#alphanumeric#}. Please sign in a few minutes early to "
    "join it live and on time. {#alphanumeric#}",
    (
        "class",
        "hi",
    ): "आपकी कक्षा {#alphanumeric#} {#alphanumeric#} बजे शुरू होगी। लाइव कक्षा में जुड़ने के लिए कृपया कुछ मिनट पहले साइन इन करें। "
    "समय पर आएं। {#alphanumeric#}",
}
_EMAIL = {
    ("otp", "en"): ("Your code for {academy}", "{code} is your code to sign in at {academy}. It is valid for 5 minutes. "
                    "Do not tell it to anyone."),
    ("otp", "hi"): ("{academy} के लिए आपका कोड", "{code} {academy} में साइन इन करने का आपका कोड है। यह 5 मिनट तक मान्य है। "
                    "किसी को न बताएं।"),
    ("welcome", "en"): ("Welcome to {academy}", "Dear {name},\n\nwelcome to {academy}. Sign in with your mobile number "
                        "to see your classes, seats and fees.\n"),
    ("welcome", "hi"): ("{academy} में आपका स्वागत है", "प्रिय {name},\n\n{academy} में आपका स्वागत है। अपनी कक्षाएं, सीट और शुल्क "
                        "देखने के लिए अपने मोबाइल नंबर से साइन इन करें।\n"),
    ("payment", "en"): ("Payment received: receipt {receipt}", "We have received your payment of ₹{amount}. Your "
                        "receipt number is {receipt}.\n\nThank you,\n{academy}\n"),
    ("payment", "hi"): ("भुगतान प्राप्त: रसीद {receipt}", "हमें आपका ₹{amount} का भुगतान प्राप्त हुआ। आपकी रसीद संख्या {receipt} है।"
                        "\n\nधन्यवाद,\n{academy}\n"),
    ("booking", "en"): ("Seat {seat} is booked", "Your seat {seat} is booked for {day}, {shift}. Please show this "
                        "message at the front desk.\n\n{academy}\n"),
    ("booking", "hi"): ("सीट {seat} बुक हो गई", "आपकी सीट {seat} {day}, {shift} के लिए बुक हो गई है। आने पर कृपया यह संदेश दिखाएं।"
                        "\n\n{academy}\n"),
    ("reminder", "en"): ("₹{amount} is due on {day}", "₹{amount} for {title} is due on {day}. Please sign in and pay by "
                         "then.\n\n{academy}\n"),
    ("reminder", "hi"): ("₹{amount} {day} तक देय", "{title} के ₹{amount} {day} तक देय हैं। कृपया साइन इन करके तब तक भुगतान करें।"
                         "\n\n{academy}\n"),
    ("class", "en"): ("{title} begins at {time}", "Your class {title} begins at {time}. Sign in to join it live.\n\n"
                      "{academy}\n"),
    ("class", "hi"): ("{title} {time} बजे", "आपकी कक्षा {title} {time} बजे शुरू होगी। लाइव जुड़ने के लिए साइन इन करें।\n\n{academy}\n"),
    ("invite", "en"): ("You are invited to {academy}", "Dear {name},\n\nyou are invited to work at {academy}. Choose "
                       "your password here, within the time given:\n\n{link}\n"),
    ("invite", "hi"): ("{academy} का निमंत्रण", "प्रिय {name},\n\nआपको {academy} में काम करने का निमंत्रण है। अपना पासवर्ड यहां चुनें:"
                       "\n\n{link}\n"),
    ("reset", "en"): ("A new password for {academy}", "Dear {name},\n\nchoose a new password here:\n\n{link}\n\nIf you "
                      "did not ask for this, do nothing.\n"),
    ("reset", "hi"): ("{academy} के लिए नया पासवर्ड", "प्रिय {name},\n\nनया पासवर्ड यहां चुनें:\n\n{link}\n\nयदि आपने "
                      "यह नहीं मांगा, तो कुछ न करें।\n"),
    ("credits_low", "en"): ("Message credits are low", "{available} {units} credits are left at {business}. Buy more "
                            "before messages stop.\n"),
    ("credits_low", "hi"): ("संदेश क्रेडिट कम हैं", "{business} में {available} {units} क्रेडिट शेष हैं। संदेश रुकने से पहले और खरीदें।\n"),
    ("leaving", "en"): ("{business} is being closed", "Dear {name},\n\n{business} at {address} is being closed, as asked "
                        "for. From now on everything there can be read and exported, and nothing can be changed. On {day} "
                        "its data is packed up and deleted for good.\n\nIf this is a mistake, write to us before that "
                        "day and it is stopped.\n\n{academy}\n"),
    ("leaving", "hi"): ("{business} बंद किया जा रहा है", "प्रिय {name},\n\nअनुरोध के अनुसार {business} ({address}) बंद किया "
                        "जा रहा है। अब से वहां "
                        "सब कुछ पढ़ा और निर्यात किया जा सकता है, पर कुछ बदला नहीं जा सकता। {day} को इसका डेटा सहेजकर हमेशा के "
                        "लिए हटा दिया जाएगा।\n\nयदि यह भूल है, तो उस दिन से पहले हमें लिखें, हम इसे रोक देंगे।\n\n{academy}\n"),
    ("leaving_soon", "en"): ("{business} is deleted on {day}", "Dear {name},\n\non {day} the data of {business} at "
                             "{address} is packed up and deleted for good. Until then everything can be read and "
                             "exported.\n\nIf this is a mistake, write to us before that day and it is stopped.\n\n"
                             "{academy}\n"),
    ("leaving_soon", "hi"): ("{business} {day} को हटा दिया जाएगा", "प्रिय {name},\n\n{day} को {business} ({address}) का डेटा "
                             "सहेजकर हमेशा के लिए हटा दिया जाएगा। तब तक सब कुछ पढ़ा और निर्यात किया जा सकता है।\n\nयदि यह भूल है, तो "
                             "उस दिन से पहले हमें लिखें, हम इसे रोक देंगे।\n\n{academy}\n"),
    ("staying", "en"): ("{business} stays open", "Dear {name},\n\nclosing {business} was stopped. Everything works there as "
                        "it did before.\n\n{academy}\n"),
    ("staying", "hi"): ("{business} खुला रहेगा", "प्रिय {name},\n\n{business} को बंद करना रोक दिया गया है। वहां सब कुछ "
                        "पहले की तरह चलता है।\n\n{academy}\n"),
    ("left", "en"): ("{business} has been deleted", "Dear {name},\n\nall data of {business} has been deleted from our "
                     "platform, and its addresses are closed. A copy of that day is kept for as long as the law asks; write "
                     "to us if you need it.\n\n{academy}\n"),
    ("left", "hi"): ("{business} हटा दिया गया है", "प्रिय {name},\n\n{business} का सारा डेटा हमारे प्लेटफ़ॉर्म से हटा दिया गया "
                     "है और उसके पते बंद हैं। "
                     "उस दिन की एक प्रति उतने समय तक रखी जाती है जितना कानून कहता है; ज़रूरत हो तो हमें लिखें।\n\n{academy}\n"),
    ("declined", "en"): ("{business} will not be opened", "Dear {name},\n\n{business} was asked for at {address}, with you "
                         "as its owner. It will not be opened, and what had been prepared for it is deleted.\n\nIf you "
                         "think that this is a mistake, write to us.\n\n{academy}\n"),
    ("declined", "hi"): ("{business} नहीं खोला जाएगा", "प्रिय {name},\n\n{address} पर {business} खोलने का अनुरोध आया था, जिसमें "
                         "आप मालिक बताए गए थे। इसे नहीं खोला जाएगा, और इसके लिए जो तैयार हुआ था वह हटा दिया गया है।\n\nयदि आपको "
                         "लगता है कि यह भूल है, तो हमें लिखें।\n\n{academy}\n"),
}  # fmt: skip
# What the operator writes to those who own a tenant, or asked for one: no business has a row of these to change.
OPERATORS = frozenset({"leaving", "leaving_soon", "staying", "left", "declined"})
SECRETS = frozenset({"code", "link"})
# Texts that carry one: what is shown of them has stars.
SECRET_TEXTS = frozenset({"otp", "invite", "reset"})

_TEXTS = {
    **{
        (name, Channel.SMS.value, language): _Text(name, Channel.SMS, language, text, variables=_VARIABLES[name])
        for (name, language), text in _SMS.items()
    },
    **{
        (name, Channel.EMAIL.value, language): _Text(name, Channel.EMAIL, language, text, subject)
        for (name, language), (subject, text) in _EMAIL.items()
    },
}


def templates() -> list[Template]:
    """Every standard text a business begins with, as an unsaved template."""
    return [_template(text) for text in _TEXTS.values() if text.name not in OPERATORS]


def template(name: str, channel: str, language: str) -> Template | None:
    """One standard text as an unsaved template; English stands in for other languages."""
    text = _TEXTS.get((name, channel, language)) or _TEXTS.get((name, channel, "en"))
    return _template(text) if text else None


def _template(text: _Text) -> Template:
    vendor, dlt = _ids(text) if text.channel is Channel.SMS else ("", "")
    usable = text.channel is Channel.EMAIL or bool(vendor)
    return Template(
        name=text.name,
        channel=text.channel,
        language=text.language,
        category=Category.SERVICE_IMPLICIT.value,
        subject=text.subject,
        text=text.text,
        variables=list(text.variables),
        header=settings.SMS_HEADER if text.channel is Channel.SMS else "",
        vendor_template=vendor,
        dlt_template=dlt,
        state=Template.State.APPROVED if usable else Template.State.DRAFT,
    )


def _ids(text: _Text) -> tuple[str, str]:
    """The vendor's and the registry's id: `SMS_TEMPLATES` is `otp.en=<vendor id>/<DLT id>,…`; `*` for a stand-in."""
    name = f"{text.name}.{text.language}"
    if settings.SMS_TEMPLATES == "*":
        return (
            f"standard-{name.replace('.', '-')}",
            f"12071600000000{sorted(_SMS).index((text.name, text.language)):05d}",
        )
    known = dict(entry.split("=", 1) for entry in settings.SMS_TEMPLATES.split(",") if "=" in entry)
    vendor, _, dlt = known.get(name, "").partition("/")
    return (vendor, dlt) if vendor and dlt else ("", "")
