"""How mail programs introduce older messages, by language, in lower case."""
# ruff: noqa: RUF001 letters of other scripts are what this file is about

from rooms.join.vocabulary import Words

FROM = Words(
    en="from",
    de="von",
    fr_es_pt="de remitente expéditeur",
    it="da",
    nl="van",
    sv="från",
    nb_da="fra",
    fi="lähettäjä",
    pl_cs="od",
    hu="feladó",
    el="από",
    tr="kimden",
    ru_bg="от",
    uk="від",
    he_ar="מאת من",
    id_vi="dari người_gửi",
    ja="差出人 送信者",
    ko="보낸_사람",
    zh="发件人 寄件者 寄件人",
)
"""Who wrote, at the start of a line and with a colon."""

SENT = Words(
    en="sent date",
    de="gesendet datum",
    fr="envoyé envoyé_le",
    es_pt="enviado enviado_el enviado_em enviada_em fecha data",
    it="inviato",
    nl="verzonden",
    sv="skickat",
    nb_da="sendt dato",
    fi="lähetetty päivämäärä",
    pl_cs="wysłano odesláno",
    hu_ro="elküldve trimis",
    el="στάλθηκε",
    tr="gönderildi gönderilen",
    ru="отправлено дата",
    uk="надіслано",
    id="tanggal",
    ja="送信日時 日時",
    ko="보낸_날짜 날짜",
    zh="发送时间 日期",
)
"""When it was sent, a line or two below."""

ORIGINAL = Words(
    en="original forwarded",
    de="ursprüng weitergeleitet",
    fr="origine transféré",
    es_pt="reenviad",
    it="inoltrat",
    nl="doorgestuurd oorspronkelijk",
    sv_nb_da="vidarebefordra videresend",
    fi="alkuperäinen",
    pl_cs="oryginaln původní",
    hu_tr="eredeti orijinal",
    ru="пересыл исходн",
    id="~asli",
    ja="転送 元のメッセージ",
    ko="원본 전달",
    zh="转发 原始 轉寄",
)
"""Between two rows of dashes, above an older message."""

WROTE = Words(
    en="wrote",
    de="schrieb",
    fr="a_écrit",
    es_pt="escribió escreveu",
    it="ha_scritto",
    nl="schreef",
    sv_nb_da="skrev",
    fi="kirjoitti",
    pl_cs="napisał napsal",
    tr="yazdı",
    ru_uk="пишет написа",
    id_vi="menulis đã_viết",
    ja="のメール",
    ko="작성",
    zh="写道 寫道",
)
"""At the end of a line that introduces an older message."""
