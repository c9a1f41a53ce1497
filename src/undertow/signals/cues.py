"""Words that point at an address, one table per language.

A new language is one more `Language` in `LANGUAGES`; nothing else needs an edit. Words are written
in their natural spelling: they are folded like the texts (no accents, lower case, ة as ه).
A space inside an entry is written as it is, so entries are separated by `/`.
"""

# ruff: noqa: RUF001, RUF002  # words of six languages

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from undertow.signals import numerals
from undertow.signals.disguise import fold_word


def words(text: str) -> tuple[str, ...]:
    """Split a table entry at its slashes and fold each word."""
    return tuple(fold_word(word.strip()) for word in text.split("/") if word.strip())


@dataclass(frozen=True)
class Language:
    """The words of one language; every field but `name` may be left out.

    Attributes:
        name: BCP 47 code.
        at: said for @.
        dot: said for the full stop.
        slash: said for the slash.
        underscore: said for _.
        dash: said for the hyphen.
        plus: said for + before a number.
        double: said before a digit that comes twice.
        numbers: numbers in words to digits.
        services: spellings of services in this language, by kind.
        vague: those of these spellings that are everyday words, or parts of them, too.
        suffixes: endings that a service's name takes.
        prefixes: beginnings that grow onto a service's name.
        call: words that ask for a call or name a telephone: a number after them is meant as one.
        number: words for number: weaker, since orders have numbers too.
        not_phone: what other numbers belong to.
        mail: words for electronic mail.
        is_: words between a service and its handle that say nothing.
        label: words that announce a handle: user name, id, contact.
        on: prepositions between a handle and a service named after it.
        mine: words for my and me.
        add: asks to add or look up someone.
        stop: everyday words that are no handles when they follow a service's name.
    """

    name: str
    at: str = ""
    dot: str = ""
    slash: str = ""
    underscore: str = ""
    dash: str = ""
    plus: str = ""
    double: str = ""
    numbers: Mapping[str, str] = field(default_factory=dict)
    services: Mapping[str, str] = field(default_factory=dict)
    vague: str = ""
    suffixes: str = ""
    prefixes: str = ""
    call: str = ""
    number: str = ""
    not_phone: str = ""
    mail: str = ""
    is_: str = ""
    label: str = ""
    on: str = ""
    mine: str = ""
    add: str = ""
    stop: str = ""


ENGLISH: Final = Language(
    "en",
    at="at/at sign/at-sign",
    dot="dot/period/full stop",
    slash="slash/forward slash",
    underscore="underscore/under score",
    dash="dash/hyphen/minus",
    plus="plus",
    double="double",
    numbers=numerals.ENGLISH,
    suffixes="s/'s/id/name/number/no/handle/me/account/acc/user/username/chat",
    call="call/ring/phone/telephone/tel/mobile/cell/cellphone/cell phone/mob/sms/text/txt/dial/reach me/call me"
    "/ph/landline/contact me/phone number/my number/my new number/my no/my digits/hit me up/hmu/fone/celly",
    number="number/num/no/nr/nbr/digits/contact/line",
    not_phone="order/tracking/parcel/shipment/invoice/iban/isbn/issn/ean/reference/ref/ticket/case/account/acct"
    "/booking/reservation/serial/sku/room/flight/pin/code/card/policy/passport/licence/license/tax/vat/model"
    "/version/build/issue/barcode/id number/population/score/item/article/batch/lot/meter/transaction/doi"
    "/imei/mac/coordinates/error/part",
    mail="mail/email/e-mail/e mail/mail me/gmail/inbox/address/write to/write me/reach me/contact/hotmail",
    is_="is/my/me/at/on/the/it's/its/under/as/here/i'm/im/i am/am/it/there/to/via/by/with/app/too/also/up/now/for",
    label="id/user/username/user name/userid/user id/handle/name/nick/nickname/account/acc/acct/add/contact/ping/@"
    "/profile/called/tag/search/find/follow/message/dm/screenname/screen name/number/link/code",
    on="on/at/in/via/through/over/my",
    mine="my/me/mine/i'm/im/our",
    add="add/find/follow/search/look up/text/message/msg/dm/ping/hmu/write/hit up/hit/reach/contact",
    stop="a/an/the/this/that/these/those/it/its/he/she/they/we/you/him/her/them/us/i/is/was/were/are/be/been/am"
    "/has/have/had/do/does/did/done/will/would/can/could/should/may/might/must/and/or/but/if/so/then/than/when"
    "/where/who/what/which/why/how/not/no/yes/ok/okay/all/any/some/many/more/most/much/very/too/also/just/only"
    "/still/again/soon/later/now/today/tomorrow/tonight/yesterday/here/there/up/down/out/in/on/off/over/under"
    "/from/to/of/for/with/without/by/at/as/about/after/before/during/until/since/group/groups/channel/channels"
    "/chat/chats/call/calls/message/messages/app/apps/account/accounts/story/stories/post/posts/photo/photos"
    "/picture/pictures/video/videos/link/links/server/servers/bot/update/updates/status/web/desktop/number"
    "/username/name/user/users/handle/id/profile/broken/bad/good/great/nice/fine/private/hacked/new/old/gone"
    "/better/best/worse/worst/free/slow/fast/banned/blocked/cool/deleted/dead/dumb/weird/fun/funny/boring/open"
    "/closed/public/empty/full/installed/working/works/work/down/back/strong/weak/lost/clear/mine/yours/ours"
    "/please/thanks/thank/me/my/your/our/their/his/one/two/first/last/next/other/another/same/different/use"
    "/using/used/like/love/hate/see/look/looking/go/going/get/got/getting/said/says/say/told/asked/instead/dm"
    "/because/every/each/something/anything/nothing/someone/anyone/everyone/nobody/people/friends/friend"
    "/family/time/day/week/month/year/years/hour/hours/minutes/morning/night/evening/starts/start/started"
    "/ends/ended/meeting/meet/met/arrived/came/come/comes/sent/send/sends/read/reads/wrote/write/written"
    "/dressing/dropped/quality/strength/processing/lights/light/team/company/feature/features/safe/secure"
    "/point/room/place/home/house/school/shop/store/party/lunch/dinner/shopping/available/busy/meanwhile"
    "/pack/clip/judgement/decision/peas/election/addict/ads/reels/influencer/famous/page/feed/usually/often"
    "/never/always/sometimes/maybe/really/pretty/quite/way/things/stuff/lot/lots/kind/sort/yet/already/even"
    "/add/find/follow/text/contact/search/whats/whatsapp/telegram/signal/skype/instagram/insta/snapchat/snap"
    "/kik/discord/threema/wickr/ping/email/mail/phone",
)
FRENCH: Final = Language(
    "fr",
    at="arobase/arobas/arrobase/at/a commercial/chez",
    dot="point",
    slash="barre oblique/slash",
    underscore="tiret bas/sous-tiret/souligné/underscore/tiret du bas",
    dash="tiret/trait d'union",
    plus="plus",
    double="double",
    numbers=numerals.FRENCH,
    services={"telegram": "télégramme", "whatsapp": "ouatsap/watsap"},
    suffixes="s",
    call="appelle/appelle-moi/appelez/appeler/appel/téléphone/tél/tel/portable/mobile/gsm/sms/texto/joindre"
    "/joignable/contacter/mon numéro/mon num/mon 06/mon 07/mon tel/fixe/rappelle/rappelle-moi/ligne",
    number="numéro/num/no/nº",
    not_phone="commande/colis/suivi/facture/référence/réf/dossier/billet/réservation/compte/série/chambre/salle"
    "/vol/carte/contrat/client/siret/siren/passeport/version/modèle",
    mail="mail/e-mail/courriel/mél/adresse/écris-moi/écrivez/écrire",
    is_="c'est/est/mon/ma/moi/à/au/le/la/sur/sous/ici/voici/j'ai/suis/je suis/aussi/sous le nom/par/:",
    label="identifiant/pseudo/nom/utilisateur/nom d'utilisateur/compte/ajoute/ajoute-moi/cherche/contact/profil",
    on="sur/via/par/dans/avec/mon",
    mine="mon/ma/moi/mes/m'",
    add="ajoute/ajoute-moi/ajoutez/cherche/suis/écris/contacte/trouve/ajouter/écris à/parle à",
    stop="un/une/des/les/du/de/et/ou/où/mais/donc/car/si/que/qui/quoi/est/sont/était/a/ont/avait/fait/pas/plus"
    "/moins/très/trop/bien/mal/bon/bonne/mieux/nul/cassé/lent/privé/public/gratuit/nouveau/vieux/pour/avec/sans"
    "/dans/sur/sous/chez/hier/demain/aujourd'hui/ce/cette/ces/il/elle/ils/elles/nous/vous/tu/je/on/groupe/canal"
    "/message/messages/appel/photo/photos/compte/application/appli/merci/oui/non/toujours/jamais/encore/aussi"
    "/marche/faible/fort/reçu/envoyé/mon/ma/ton/ta/son/sa/notre/votre/leur/tout/tous/quand/comme/bloqué/plein"
    "/desordre/qu/entre/commence/disponible/soir/matin/depuis/parfois/souvent",
)
GERMAN: Final = Language(
    "de",
    at="at/ät/klammeraffe/affenschwanz/at-zeichen/bei",
    dot="punkt/dot",
    slash="schrägstrich/slash",
    underscore="unterstrich/underscore",
    dash="bindestrich/minus/strich",
    plus="plus",
    double="doppel/doppelt/zweimal",
    numbers=numerals.GERMAN,
    services={"telegram": "telegramm/tele"},
    vague="tele",
    suffixes="s/name/nummer/nr/nutzername/benutzername/kontakt/konto/kennung/handle/profil/account/acc/gruppe"
    "/kanal/nick/nutzer/id/link/adresse",
    call="ruf/rufe/anrufen/anruf/ruf mich an/telefon/tel/handy/handynummer/telefonnummer/mobil/mobilnummer/sms"
    "/festnetz/meine nummer/meine nr/erreichbar/erreichst/erreichen/rufnummer/durchklingeln/fon/melde dich",
    number="nummer/nr/num",
    not_phone="bestellung/bestellnummer/bestellnr/sendung/sendungsnummer/paket/rechnung/rechnungsnummer/konto"
    "/kontonummer/kundennummer/aktenzeichen/ticket/ticketnummer/zimmer/raum/flug/karte/vertrag/vertragsnummer"
    "/artikel/artikelnummer/seriennummer/ausweis/version/vorgang/postleitzahl/plz/steuernummer/buchung"
    "/buchungsnummer/auftrag/auftragsnummer",
    mail="mail/e-mail/mailadresse/schreib/schreibe/adresse/postfach/mailen/maile",
    is_="ist/mein/meine/meinem/mich/mir/unter/auf/bei/hier/der/die/das/bin/ich/heiße/lautet/ich bin/heisst/auch/an/im/als",
    label="name/nutzername/benutzername/kennung/nutzer/konto/kontakt/profil/adde/füg/suche/such/nick/heiße/heißt",
    on="auf/bei/in/per/über/via/im/mein/an",
    mine="mein/meine/mich/mir/meinem/meinen",
    add="adde/füg/suche/such/folge/folg/finde/schreib/kontaktiere/add/finden/findest",
    stop="ein/eine/einen/der/die/das/den/dem/und/oder/aber/wenn/weil/dass/ob/wie/was/wer/wo/wann/nicht/kein/keine"
    "/ist/war/sind/waren/hat/hatte/haben/wird/wurde/kann/muss/sehr/zu/so/auch/noch/schon/nur/mehr/immer/nie/gut"
    "/schlecht/kaputt/langsam/privat/neu/alt/weg/besser/doof/toll/super/gesperrt/blockiert/gelöscht/von/vom/mit"
    "/ohne/für/aus/nach/vor/seit/bis/über/gruppe/kanal/nachricht/nachrichten/anruf/bild/bilder/gestern/heute"
    "/morgen/hier/da/dort/er/sie/es/wir/ihr/ich/du/schreiben/geschrieben/bitte/danke/ja/nein/nutzen/benutzen"
    "/beginnt/stark/schwach/leer/meine/mein/dein/deine/dann/jetzt/später/gerade/manchmal/oft/lieber/als/aus",
)
SPANISH: Final = Language(
    "es",
    at="arroba/at",
    dot="punto",
    slash="barra/barra inclinada",
    underscore="guion bajo/guión bajo/barra baja/subrayado",
    dash="guion/guión/raya",
    plus="más/mas",
    double="doble",
    numbers=numerals.SPANISH,
    services={"whatsapp": "guasap/wasap/whasap/guatsap/wassap/wasá", "telegram": "telegrama"},
    suffixes="s/eame/éame/ea",
    call="llama/llámame/llamar/llamada/llame/teléfono/telf/tel/tfno/tlf/móvil/celular/cel/sms/mi número/mi num"
    "/marca/márcame/fono/contáctame/escríbeme al/mi cel/fijo",
    number="número/num/nro/nº",
    not_phone="pedido/seguimiento/paquete/factura/referencia/ref/expediente/cuenta/reserva/habitación/sala/vuelo"
    "/tarjeta/contrato/serie/código/cliente/pasaporte/versión/dni/boleto/envío",
    mail="correo/mail/e-mail/email/escríbeme/dirección/escribe a/escribe",
    is_="es/mi/me/a/al/en/el/la/por/estoy/soy/como/aquí/tengo/mis/está/también/con",
    label="usuario/nombre/nombre de usuario/cuenta/perfil/contacto/agrégame/agrega/búscame/busca/apodo/nick/añade",
    on="en/por/vía/al/a/mi/con/de",
    mine="mi/mis/me/mío",
    add="agrega/agrégame/busca/búscame/sigue/sígueme/añade/añádeme/escribe/escríbeme/encuentra/contacta",
    stop="un/una/unos/unas/el/los/las/del/de/y/o/u/pero/si/que/quien/cuando/donde/como/no/sí/es/son/era/está/están"
    "/estaba/fue/ha/han/hay/muy/más/menos/bien/mal/bueno/buena/mejor/peor/roto/lento/privado/público/gratis"
    "/nuevo/viejo/para/con/sin/por/sobre/desde/hasta/ayer/hoy/mañana/aquí/ahí/él/ella/ellos/nosotros/tú/yo/grupo"
    "/canal/mensaje/mensajes/llamada/foto/fotos/cuenta/gracias/siempre/nunca/también/ya/ahora/luego/este/esta"
    "/eso/todo/todos/caído/bloqueado/débil/fuerte/lleno/vacío/mi/tu/su/algo/nada/otra/otro/empieza/lo/le/se",
)
TURKISH: Final = Language(
    "tr",
    at="et/et işareti/kuyruklu a/at/at işareti",
    dot="nokta",
    slash="bölü/taksim/eğik çizgi",
    underscore="alt çizgi/alt tire/altçizgi/alttire",
    dash="tire/kısa çizgi",
    plus="artı",
    double="çift/iki tane",
    numbers=numerals.TURKISH,
    services={
        "whatsapp": "vatsap/watsap/wats/whatsap/vatsapp",
        "instagram": "enstagram/ınstagram",
    },
    suffixes="ım/im/um/üm/ımız/imiz/m/dan/den/tan/ten/da/de/ta/te/ımdan/imden/ımda/imde/ı/i/u/ü/a/e/ya/ye/yı/yi"
    "/ın/in/ıma/ime/um'dan/umdan/umda/numaram/hesabım/adım/adresim/ım'dan/tayım/teyim/dayım/deyim/uma/üme/nım/ımı",
    call="ara/beni ara/arayın/ararsın/telefon/telefonum/tel/telim/cep/cebim/cep telefonu/gsm/sms/numaram/nom"
    "/mesaj at/numaramdan/hattım/numaramı",
    number="numara/numarası/no/num",
    not_phone="sipariş/sipariş numarası/sipariş no/kargo/takip/fatura/referans/dosya/bilet/rezervasyon/hesap/seri"
    "/oda/uçuş/kart/sözleşme/müşteri/pasaport/sürüm/plaka/kod/kodu/kimlik/tc/vergi/şube",
    mail="mail/e-posta/eposta/posta/mailim/maile/yaz/adres/adresim/e-postam/epostam/mailime",
    is_="benim/bu/şu/da/de/ben/beni/adım/ismim/üzerinden/olarak/şöyle/burada/var/ise/şudur/budur",
    label="kullanıcı/kullanıcı adı/kullanıcı adım/adı/adım/adim/hesap/hesabım/hesabı/isim/nick/profil/ekle/numara/numaram/no",
    on="üzerinden/den/dan/da/de",
    mine="benim/beni/bana",
    add="ekle/bul/yaz/ara/takip et/eklersin/ekleyin/takip",
    stop="bir/bu/şu/o/ve/veya/ya da/ama/fakat/çünkü/eğer/ki/mi/mu/ne/kim/nerede/değil/var/yok/çok/az/iyi/kötü"
    "/güzel/bozuk/yavaş/gizli/yeni/eski/daha/en/için/ile/gibi/kadar/sonra/önce/dün/bugün/yarın/burada/orada"
    "/grubu/grup/kanalı/kanal/mesajı/mesaj/hesabı/hesap/arama/fotoğraf/uygulaması/kapandı/çöktü/açık/kapalı/ben"
    "/sen/biz/siz/onlar/evet/hayır/her/hiç/zaten/hala/şimdi/yazdı/gönder/gönderdi/attı/ekle/yaz/başlıyor/saat"
    "/kullanıyorum/kullanmıyorum/üzerinden/zayıf/güçlü/bana/beni",
)
ARABIC: Final = Language(
    "ar",
    at="آت/ات/أت/علامة آت/آت ساين/ايت",
    dot="نقطة/دوت/نقطه",
    slash="سلاش/شرطة مائلة",
    underscore="شرطة سفلية/اندرسكور/أندرسكور/شحطة/تحت شرطة",
    dash="شرطة/داش",
    plus="زائد/بلس",
    double="دبل/مكرر",
    numbers=numerals.ARABIC,
    services={
        "telegram": "تلغرام/تليجرام/تيليجرام/تلجرام/تيلجرام/تلقرام/تليغرام/تيليغرام/تيلغرام/تلي/تيلي/تلكرام/تليكرام",
        "whatsapp": "واتس/واتساب/واتس اب/واتس آب/وتساب/وتس/الواتس/وتس اب/واتسب",
        "signal": "سيجنال/سيغنال/سجنال/سيقنال",
        "skype": "سكايب/سكاي بي",
        "kik": "كيك",
        "wickr": "ويكر",
        "threema": "ثريما/تريما",
        "discord": "ديسكورد/دسكورد/ديسكور",
        "instagram": "انستا/انستغرام/انستجرام/إنستغرام/إنستا/انستقرام/انستكرام/انستغرامي",
        "snapchat": "سناب/سناب شات/سنابشات/سنابي",
    },
    vague="تلي/تيلي/كيك",
    suffixes="ي/ه/ها/نا/ك/اتي/تي",
    prefixes="و/ال/وال/بال/ب/ع/عال/لل/ل/ف/في/عل",
    call="اتصل/اتصلي/اتصل بي/كلمني/رن/هاتف/هاتفي/تلفون/تلفوني/تليفون/جوال/جوالي/موبايل/موبايلي/محمول/رقمي/رقم هاتفي"
    "/راسلني/رقم جوالي/خليوي/نقال/دق/دق علي/تواصل/للتواصل/اتصال/رقم الجوال/رقم الهاتف/على رقمي",
    number="رقم/الرقم",
    not_phone="طلب/الطلب/طلبية/شحنة/الشحنة/فاتورة/الفاتورة/مرجع/تذكرة/التذكرة/حجز/الحجز/حساب/غرفة/الغرفة/رحلة/بطاقة"
    "/عقد/جواز/إصدار/تتبع/التتبع/كود/رمز/الرمز/الحساب",
    mail="ايميل/إيميل/ايميلي/إيميلي/بريد/بريدي/البريد/الايميل/الإيميل/راسلني/اكتب لي/ميل",
    is_="هو/هي/على/عندي/حقي/تبعي/لي/انا/أنا/هذا/هنا/معي/علي/في/من/يا",
    label="يوزر/يوزري/اليوزر/معرف/معرفي/المعرف/حساب/حسابي/اسم/اسمي/اسم المستخدم/ضيفني/ضيفوني/اضفني/أضفني/رقم/رقمي/ايدي/آيدي/نيك"
    "/اسم مستخدم/تابعني/ابحث عن",
    on="على/في/ع/ب/عبر/من",
    mine="حسابي/معرفي/يوزري/حقي/تبعي/لي/الخاص/الخاصة/بي/بتاعي/مالتي/ديالي",
    add="ضيف/اضف/أضف/ابحث/تابع/راسل/كلم/ابحث عن",
    stop="من/إلى/الى/عن/مع/كان/كانت/لا/ما/لم/لن/هذا/هذه/ذلك/التي/الذي/جيد/سيء/بطيء/جديد/قديم/مجموعة/قناة/رسالة/أمس/اليوم/غدا",
)
RUSSIAN: Final = Language(
    "ru",
    services={
        "telegram": "телеграм/телеграмм/телеграмме/телеграме/телега/телегу/телеге/тг/тлг",
        "whatsapp": "ватсап/ватсапп/вотсап/вотсапп/вацап/воцап/вотсапе/ватсапе",
        "signal": "сигнал",
        "skype": "скайп/скайпе",
        "discord": "дискорд/дискорде/дис",
        "instagram": "инстаграм/инстаграмм/инста/инсте/инсту/инстаграме",
        "snapchat": "снапчат/снэпчат",
    },
    vague="тг/тлг/сигнал/дис/телега/телегу/телеге/инсте/инсту",
    call="позвони/позвоните/звони/звоните/набери/телефон/тел/мобильный/сотовый/мой номер/смс",
    number="номер",
    not_phone="заказ/заказа/счёт/счет/карта/карты/билет/договор/паспорт/трек/код/рейс",
    mail="почта/почту/емейл/имейл/мейл",
    is_="это/мой/моя/моё/вот/в/на/тут/здесь/есть/меня",
    label="ник/юзер/юзернейм/имя/аккаунт/акк/логин/айди/профиль",
    on="в/на/через",
    mine="мой/моя/моё/мне/меня",
    add="пиши/напиши/добавь/найди/ищи/пишите/напишите",
    stop="и/а/но/или/что/как/не/нет/да/я/ты/он/она/мы/вы/они/этот/канал/группа/чат/бот/работает/сломался",
)
LANGUAGES: Final = (ENGLISH, FRENCH, GERMAN, SPANISH, TURKISH, ARABIC, RUSSIAN)


def gather(languages: Iterable[Language], entry: str) -> tuple[str, ...]:
    """Collect one field's words over languages, the longest first, without doubles."""
    found = {word for language in languages for word in words(getattr(language, entry))}
    return tuple(sorted(found, key=lambda word: (-len(word), word)))


def spellings(languages: Iterable[Language], kind: str) -> tuple[str, ...]:
    """Collect how languages spell one service."""
    return tuple(
        word for language in languages for word in words(language.services.get(kind, ""))
    )


def numbers(languages: Iterable[Language]) -> dict[str, str]:
    """Collect numbers in words over languages, folded."""
    return {
        fold_word(word): value
        for language in languages
        for word, value in language.numbers.items()
    }
