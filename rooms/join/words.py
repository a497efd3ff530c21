"""How invitations name things, by language, in lower case.

A label is judged by the parts it holds, so that *Video Conference ID*, *Videokonferenz-ID* and
*ID de videoconferencia* need no line each. To add a language, add its parts. In a part `_` stands
for a space, and `~` at either end means that no letter may stand there.
"""
# ruff: noqa: RUF001 letters of other scripts are what this file is about

from rooms.join.vocabulary import Words

MEETING = Words(
    en="meeting webinar event session",
    platforms="zoom webex",
    de="besprechung",
    fr="réunion reunion salle",
    es="reunión sala evento",
    pt="reunião",
    it="riunione",
    ca="reunió",
    nl="vergader",
    sv="möte",
    nb_da="møte møde",
    fi="kokou tapaamis",
    et="koosolek",
    lv="sanāksm sapulc",
    lt="susitikim",
    pl="spotkani",
    cs_sk="schůzk schôdz",
    hr_sr_sl="sastan sestan",
    hu="értekezlet megbeszélés",
    ro="întâlnir ședinț",
    el="σύσκεψη συνάντηση",
    tr="toplantı",
    ru="конференци собран встреч заседан",
    uk="конференці нарад зустріч",
    bg="среща събрание",
    he="פגישה ישיבה",
    ar_fa="اجتماع جلسه",
    th="การประชุม",
    vi="cuộc_họp",
    id="rapat",
    ja="会議 ミーティング",
    ko="회의 미팅 모임",
    zh="会议 會議",
)
"""Something that is joined."""

IDENTIFIER = Words(
    many="~id~ ~ids~ ~nr nº n° ~num~ shortid identif",
    after_letters="議id 议id グid 의id",
    en="number",
    de="nummer kennung",
    fr="numéro ~code_de_réunion",
    es_pt="número numero código codigo",
    pl="numer identyfik",
    fi="tunnus",
    tr="kimliği",
    hu="azonosító",
    cs_hr="číslo ~broj",
    el="αναγνωριστικό",
    ru="идентификатор номер ~ид~",
    uk="ідентифікатор",
    he="מזהה מספר",
    ar="معرّف معرف رقم",
    th="รหัส หมายเลข",
    vi="~mã",
    ja="番号",
    ko="번호",
    zh="号 號",
)
"""That it is told apart by a number."""

PASSCODE = Words(
    en="passcode password pass_code",
    programs="plaintext ~pstn ~pwd~ ~pw~",
    de="kenncode kennwort passwort",
    fr="code_secret mot_de_passe",
    es="contraseña ~clave~ ~clave_de_la",
    ca="contrasenya",
    pt="senha palavra-passe palavra_passe",
    nl="wachtwoord",
    sv="lösenord lösenkod",
    nb_da="passord adgangskode",
    fi="salasana tunnuskoodi",
    et="parool",
    lv_lt="parole slaptažodis",
    pl="hasło",
    cs_sk="heslo",
    hr_sr_sl="lozinka geslo",
    hu="jelszó belépési_kód",
    ro="parolă parola",
    el="κωδικός_πρόσβασης",
    tr="parola geçiş_kodu",
    ru="пароль секретный_код",
    uk="секретний_код",
    bg="парола",
    he="סיסמה סיסמא",
    ar="كلمة_المرور كلمة_السر",
    th="รหัสผ่าน",
    vi="mật_khẩu mật_mã",
    id="kata_sandi kode_sandi",
    ja="パスワード パスコード",
    ko="암호 비밀번호 패스코드",
    zh="密码 密碼 口令",
)
"""What keeps others out."""

ACCESS_CODE = Words(
    en="access_code",
    de="zugangscode zugriffscode",
    fr="code_d'accès code_d’accès",
    es="código_de_acceso codigo_de_acceso",
    pt="código_de_acesso",
    it="codice_di_accesso codice_d'accesso codice_d’accesso",
    nl="toegangscode",
    sv_nb="åtkomstkod tilgangskode",
    fi="käyttökoodi pääsykoodi",
    pl="kod_dostępu",
    cs_sk="přístupový_kód prístupový_kód",
    hr="pristupni_kod",
    hu="hozzáférési_kód",
    ro="cod_de_acces",
    tr="erişim_kodu",
    id="kode_akses",
    vi="mã_truy_cập",
    ru="код_доступа",
    uk="код_доступу",
    bg="код_за_достъп",
    he="קוד_גישה",
    ar="رمز_الدخول رمز_المرور",
    th="รหัสการเข้าถึง",
    zh="访问码 接入码 存取碼 通行码 通行碼",
    ja="アクセスコード アクセス_コード",
    ko="액세스_코드",
)
"""A passcode to some platforms, the meeting id to others."""

CONFERENCE = Words(
    en="conference",
    de="konferenz",
    fr="conférence",
    es_pt_it="conferencia conferência conferenza",
    nl="conferentie",
    sv_nb_da="konferens konferanse konference",
    fi="neuvottelu",
    pl_cs_tr="konferencj konferenc konferans",
)
"""A meeting to some platforms, the telephone bridge of it to Teams and Skype."""

VIDEO = Words(
    many="video vídeo vidéo ~vtc wideo",
    en_de="room_system raumsystem",
    el="βίντεο τηλεδιάσκεψη",
    ru_uk_bg="видео відео",
    he_ar="וידאו فيديو",
    th="วิดีโอ",
    ja="ビデオ",
    ko="화상 비디오 영상",
    zh="视频 視訊 視頻",
)
"""For room systems."""

PHONE = Words(
    many="~sip~ h.323 h323 ~pstn",
    programs="passwordpstn",
    en="phone ~dial numeric",
    de="telefon einwahl numerisch",
    fr="téléph composer numérique",
    es="teléfon marca numérico",
    pt="discagem",
    it="accesso_diretto",
    nl="telefoon inbel numeriek",
    sv_da="uppringning opkald numerisk",
    fi="puhelin soiton",
    cs="telefón",
    ru_uk="телефон",
    ja="電話 ダイヤル",
    ko="전화",
    zh="电话 拨入 撥入",
)
"""For telephones, and for what has digits only."""

HOST = Words(
    en="~host moderator ~leader ~chair organizer organiser presenter panelist",
    de="gastgeber organisator ~leiter",
    fr="hôte animateur",
    es="anfitri organizador",
    ru="организатор",
    ja="主催者 ホスト",
    ko="호스트",
    zh="主持人",
)
"""For who leads the meeting; not for a room."""

ELSEWHERE = Words(
    en="portal wifi wi-fi wlan network ~door building invoice ~order ticket ~case account"
    " booking reservation project customer recording",
    de="rechnung kunde aufzeichnung",
    fr="enregistrement",
    es_pt_it="grabación gravação registrazione",
    ja_zh="録画 录制",
)
"""For something else altogether."""

VIDEO_LEAD = Words(
    many="~sip~ ~sips~ h.323 h323 video vídeo vidéo wideo ~vtc ~cvi~ codec telepresence",
    vendors="cisco ~poly~ polycom lifesize",
    en="~dial~ call_to call_me endpoint room_system tenant",
    de="wählen raumsystem mandanten",
    fr="composez locataire ~visio",
    es="marque inquilino",
    pt="~disque locatár",
    it="componi",
    sv_nb_da="ring_til klientorg klientnyckel leier lejer",
    fi="~soita vuokraaja",
    pl="dzierżaw",
    hu="bérlő",
    tr="kiracı",
    el="βίντεο τηλεδιάσκεψη",
    ru_uk="видео відео ключ_клиента",
    ja="ビデオ テナント",
    ko="화상 테넌트",
    zh="视频 視訊 租户 租用戶",
)
"""What leads to an address that room systems dial."""

MAIL_LEAD = Words(
    en="e-mail email ~mail~ contact question ~help support organizer organiser ~from: ~cc: ~bcc:"
    " sender reply register subscribe rsvp invited_by attendee participant who: presenter ~to:"
    " ~write",
    de="kontakt ~frage organisator ~von: anmeld teilnehmer ~schreib",
    fr_es="~de: courriel correo ~écri",
)
"""What leads to an address that people write to."""

NO_COLON = Words(
    en="password passcode",
    de="kenncode kennwort passwort",
    fr="mot_de_passe code_secret",
    es_pt="contraseña clave senha",
    nl_sv="wachtwoord lösenord",
    fi_pl="salasana hasło",
    ru="парол",
    ja_ko_zh="パスワード パスコード 암호 密码 密碼",
)
"""Passcode words that are looked for where no colon follows."""

JOIN = Words(
    en="join meeting",
    de="beitreten teilnehmen besprechung",
    fr="rejoindre participer réunion",
    es="unirse reunión",
    pt="entrar reunião",
    it="partecipa riunione",
    nl="deelnemen vergadering",
    sv_nb_da="anslut delta möte møte møde",
    fi="liity kokous",
    pl="dołącz spotkani",
    cs="připojit schůzk",
    hu="csatlakozás értekezlet",
    tr="katıl toplantı",
    ru_uk="присоедин подключ собран конференц приєдна",
    he_ar="הצטרף انضم",
    ja_ko_zh="参加 会議 참가 회의 加入 会议 會議",
)
"""Around a link that joins."""

STALE = Words(
    en="~old~ ~previous~ ~former~ cancelled canceled ~backup~ ~fallback~ instead_of",
    de="~alt~ ~alte~ ~alter~ ~alten~ früher abgesagt",
    fr="~ancien annulé",
    es_pt="~anterior~ cancelad",
    it="~vecchi annullat",
    nl_sv="~oude~ ~gammal~ ~gamla~",
    ru="~старая~ ~старый~ отменен",
    ja_ko_zh="以前の 取消 이전 취소 已取消 旧的",
)
"""Beside a link that joins another meeting, or none any more."""

NOT_A_PASSCODE = Words(
    en="none no not n/a na nil - -- tba tbd required optional is the will see to for and or in"
    " your this if when from needed provided below above you please with hidden redacted protected"
    " embedded encrypted",
    placeholders="passcode password meeting meetingid",
    de="keine kein nicht",
    fr="aucun aucune non",
    es_pt_it="ninguna ninguno nenhuma nessuna",
    nl_sv_fi_pl_tr="geen ingen ei brak yok",
    ru="нет",
    zh_ja_ko="无 無 なし 없음",
)
"""Words that stand where a passcode would, and are none."""

MAIL_HOSTS = Words(
    en="gmail.com googlemail.com outlook.com hotmail.com live.com msn.com yahoo.com icloud.com"
    " me.com aol.com proton.me protonmail.com",
    de="gmx.de gmx.net web.de t-online.de",
    ko="naver.com daum.net hanmail.net",
    ru="mail.ru yandex.ru",
    zh="qq.com foxmail.com 163.com 126.com yeah.net sina.com",
)
"""Hosts that carry mail only; numbers before the @ are common there."""

NOBODY = Words(en="noreply no-reply donotreply messenger mailer-daemon")
"""Users of addresses that nobody answers."""
