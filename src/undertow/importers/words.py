"""Names that columns bear in the wild, by language; `guess` looks them up.

Add a word: lower case, no blanks, dots, hyphens or underscores; accents stay. A word stands once.
"""

from __future__ import annotations

from typing import Final

_COLUMNS: Final = {
    "id": (
        "id messageid msgid eventid uuid guid rowid statusid postid nachrichtenid idmensaje "
        "idmessage mesajid"
    ),
    "type": (
        "type event eventtype kind action activity verb typ art aktion tipo accion acción "
        "azione tür eylem тип نوع 类型"
    ),
    "published": (
        "time timestamp date datetime createdat created sentat sent published publishedat "
        "at ts when occurredat eventtime dateunixtime zeit datum zeitpunkt uhrzeit gesendet "
        "erstellt heure horodatage dateheure envoyéle fecha hora fechahora enviado data ora "
        "quando zaman tarih saat время дата التاريخ الوقت تاريخ 时间 日期 日時 tijd czas"
    ),
    "observed": "observed observedat received receivedat ingestedat empfangen",
    "actor": (
        "actor sender from fromid fromuser senderid author authorid src source user userid "
        "username account accountid initiator creator absender sender_in von autor "
        "verfasser nutzer benutzer quelle expéditeur expediteur auteur de émetteur "
        "utilisateur remitente emisor usuario autora mittente da utente remetente usuário "
        "gönderen kimden yazar kullanıcı отправитель автор от المرسل من 发送者 发件人 送信者 "  # noqa: RUF001  # Turkish has an i without a dot
        "afzender van nadawca"
    ),
    "target": (
        "target recipient to toid touser receiver recipientid receiverid dst destination "
        "addressee empfänger empfaenger an ziel destinataire à a destinatario receptor para "
        "destinatário alıcı kime получатель кому المستلم المستقبل الى إلى 接收者 收件人 受信者 "  # noqa: RUF001  # Turkish has an i without a dot
        "ontvanger aan odbiorca followee followed"
    ),
    "context": (
        "context room roomid channel channelid group groupid thread threadid conversation "
        "conversationid chat chatid chatname forum raum kanal gruppe unterhaltung salon "
        "canal groupe fil sala grupo conversación gruppo stanza oda grup sohbet чат группа "
        "المجموعة الغرفة 群 房间"
    ),
    "visibility": "visibility privacy audience sichtbarkeit visibilité visibilidad",
    "platform": "platform network service plattform plateforme plataforma",
    "content": (
        "content text body message msg messagetext messagebody comment inhalt nachricht "
        "nachrichtentext mitteilung texte contenu corps texto mensaje contenido cuerpo "
        "testo messaggio mensagem conteúdo mesaj metin içerik сообщение текст الرسالة نص "
        "النص 内容 消息 本文 bericht tekst treść wiadomość"
    ),
    "lang": "lang language locale sprache langue idioma dil язык lingua",
}
NAMES: Final = {column: tuple(words.split()) for column, words in _COLUMNS.items()}
"""Column of the event table -> names, the surest first."""

_KINDS: Final = {
    "message": (
        "dm pm msg im direct directmessage privatemessage nachricht mensaje mesaj chat sms text"
    ),
    "follow": "fr follows friend friendrequest subscribe folgen",
    "undo": "unfollow unlike unfriend unsubscribe",
    "announce": "retweet repost share boost reblog",
    "like": "favourite favorite fav reaction heart",
    "post": "tweet status publish toot create",
    "reply": "comment answer response antwort",
    "flag": "report complaint meldung",
    "ignore": "mute",
    "join": "joined enter memberjoined",
    "leave": "left part quit exit",
    "remove": "kick ban kicked",
    "update": "edit edited",
    "delete": "deleted removed",
    "invite": "invited invitation",
    "accept": "accepted approve",
    "reject": "rejected decline declined",
    "mention": "mentioned tag",
}
TYPES: Final = {word: kind for kind, words in _KINDS.items() for word in words.split()}
"""Foreign word -> event type, as `NAMES`: a proposal that a person checks."""
