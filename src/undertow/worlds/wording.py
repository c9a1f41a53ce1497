"""Neutral words: everyday vocabulary in six languages, and how an address is introduced.

Nothing here persuades, asks about a person or argues for anything, on purpose and for good. The
same words fill the messages of every account of a world.
"""

# ruff: noqa: RUF001 - Turkish is written with a dotless i
from __future__ import annotations

from typing import Final

SHARES: Final = {"en": 0.62, "fr": 0.1, "de": 0.08, "es": 0.1, "tr": 0.05, "ar": 0.05}
"""Share of accounts that write in each language; ours."""

WORDS: Final = {
    "en": (
        "the a to and of in it is you that was for on are with have be this from or one had by not"
        " but what all were when we there can an your which their said if do will each about how up"
        " out them then she many some so these would other into has more her two like him see time"
        " could no make than first been its who now people my made over did down only way find use"
        " may water long little very after words just where most know get through back much before"
        " go good new write our used me man too any day same right look think also around another"
        " came come work three word must because does part even place well such here take why help"
        " went old again off tomorrow weekend coffee bread rain train kitchen window garden ok yeah"
    ),
    "fr": (
        "le la les de des un une et en que qui dans ce il elle pas pour sur avec son sa mais nous"
        " vous ou si leur tout plus par je tu on est sont avait fait comme bien peu encore aussi"
        " jour soir matin demain hier maison train pluie pain table jardin livre route temps chose"
        " aller venir voir prendre mettre savoir trouver rester deux trois quand alors donc oui non"
        " merci salut voilà toujours jamais ici là-bas après avant vers chez petit grand beau bon"
    ),
    "de": (
        "der die das und in zu den nicht von sie ist des sich mit dem dass er es ein ich auf so eine"
        " auch als an nach wie im für man aber aus durch wenn nur war noch werden bei hat wir was"
        " wird sein einen welche sind oder zur um haben einer mir über ihm diese einem ihr uns da"
        " zum kann doch vor mich ganz morgen heute gestern Haus Zug Regen Brot Tisch Garten Buch Weg"
        " Zeit gut klein schön danke hallo ja nein immer gern später früh Abend Woche kommen gehen"
    ),
    "es": (
        "de la que el en y a los se del las un por con no una su para es al lo como más o pero sus"
        " le ha me si sin sobre este ya entre cuando todo esta ser son dos también fue había era muy"
        " años hasta desde está mi porque qué sólo yo hay vez puede todos así nos ni parte tiene él"
        " uno donde bien tiempo mismo ese ahora cada vida otro después casa tren lluvia pan mesa"
        " jardín libro camino mañana ayer tarde gracias hola sí bueno pequeño grande luego siempre"
    ),
    "tr": (
        "bir ve bu da de için ile çok daha ne gibi var ben sen o biz siz onlar ama sonra kadar en"
        " her şey olarak olan iyi gün yarın dün akşam sabah ev tren yağmur ekmek masa bahçe kitap"
        " yol zaman küçük büyük güzel evet hayır tamam selam teşekkürler şimdi burada orada hep"
        " gelmek gitmek görmek almak iki üç nasıl neden belki yine önce hafta çay kahve pencere"
    ),
    "ar": (
        "في من على إلى عن مع هذا هذه ذلك التي الذي كان كانت يكون قد لا ما لم لن أن إن هو هي نحن أنت"
        " كل بعض بعد قبل عند ثم أو و يوم غدا أمس مساء صباح بيت قطار مطر خبز طاولة حديقة كتاب طريق"
        " وقت صغير كبير جميل نعم شكرا مرحبا الآن هنا هناك دائما شاي قهوة نافذة أسبوع جيد جدا"
    ),
}

HANDS_OVER: Final = {
    "en": ("here is my {}: ", "my {} is ", "{}: ", "you can use my {} ", "its {} "),
    "fr": ("voici mon {} : ", "mon {} c'est ", "{} : ", "c'est {} "),
    "de": ("hier ist mein {}: ", "mein {} ist ", "{}: ", "bin auf {} als "),
    "es": ("aquí está mi {}: ", "mi {} es ", "{}: ", "tengo {} "),
    "tr": ("işte benim {}: ", "benim {} ", "{}: "),
    "ar": ("هذا {} الخاص بي: ", "{}: ", "أنا على {} "),
}
ASKS: Final = {
    "en": ("what is your {}?", "do you have {}?", "which {} do you use"),
    "fr": ("c'est quoi ton {} ?", "tu as {} ?"),
    "de": ("was ist dein {}?", "hast du {}?"),
    "es": ("cuál es tu {}?", "tienes {}?"),
    "tr": ("{} var mı?", "senin {} nedir?"),
    "ar": ("ما هو {} الخاص بك؟", "هل عندك {}؟"),
}
NAMES: Final = {
    "email": {
        "en": "email",
        "fr": "mail",
        "de": "Mail",
        "es": "correo",
        "tr": "e-posta",
        "ar": "البريد",
    },
    "phone": {
        "en": "number",
        "fr": "numéro",
        "de": "Nummer",
        "es": "número",
        "tr": "numara",
        "ar": "رقم",
    },
    "telegram": {"en": "telegram", "ar": "تلغرام"},
    "whatsapp": {"en": "whatsapp", "ar": "واتساب"},
    "instagram": {"en": "insta", "fr": "instagram", "ar": "انستغرام"},
    "snapchat": {"en": "snap", "fr": "snapchat", "ar": "سناب"},
    "signal": {"en": "signal", "ar": "سيغنال"},
}
"""Name of a kind by language; the English one where a language has none, else the kind itself."""
