"""Google Workspace: a service account that sees the rooms."""

from bridge.guides.known import Known
from bridge.guides.step import Step
from bridge.quoting import plain, sh

ACCOUNT = "room-calendar-bridge"
READ = "https://www.googleapis.com/auth/calendar.events.readonly"
WRITE = "https://www.googleapis.com/auth/calendar.events"
RESOURCES = "https://www.googleapis.com/auth/admin.directory.resource.calendar.readonly"
_ADDRESS = f'"{ACCOUNT}@$PROJECT.iam.gserviceaccount.com"'


def steps(known: Known) -> list[Step]:
    """A service account, and one of two ways to the rooms."""
    return [_account(known), _shared(known), _delegated(known), _directory(), _settings(known)]


def _account(known: Known) -> Step:
    key = sh(f"{known.folder}/secrets/{known.source}.json")
    return Step(
        title="Make a service account and its key",
        words="In a project of its own. The key opens whatever is shared with the account: it"
        " belongs on the appliance and nowhere else. A new key beside the old one, put in its"
        " place, changes it without a gap; then delete the old one.",
        language="sh",
        commands=[
            "PROJECT=$(gcloud config get-value project)",
            'gcloud services enable calendar-json.googleapis.com --project "$PROJECT"',
            f'gcloud iam service-accounts create {ACCOUNT} --project "$PROJECT" \\',
            "    --display-name 'Room Calendar Bridge'",
            f"gcloud iam service-accounts keys create {ACCOUNT}.json --iam-account {_ADDRESS}",
            f"sudo install -D -o root -g roombridge -m 640 {ACCOUNT}.json {key}",
            f"shred -u {ACCOUNT}.json",
        ],
    )


def _shared(known: Known) -> Step:
    rooms = "\n".join(f"- {plain(room.mailbox)}  ({plain(room.name)})" for room in known.rooms)
    return Step(
        title="Either: share each room's calendar with it (least privilege)",
        words="Google Calendar as an administrator, the room's calendar, Settings and sharing,"
        " Share with specific people: the service account's address, See all event details."
        " Nothing else can be read. Private meetings then come without their links and cannot be"
        " joined by one touch: who wants that, or lets the bridge book and release rooms, chooses"
        " Make changes to events instead. Where sharing outside of the organisation is restricted,"
        " an administrator first allows it for resource calendars, or the second way is taken."
        + (f"\n\n{rooms}" if rooms else "\n\nThe configuration has no rooms of this source yet."),
    )


def _delegated(known: Known) -> Step:
    subject = known.settings.get("subject") or "a user with few rights, named as subject"
    return Step(
        title="Or: domain-wide delegation",
        words="Admin console, Security, Access and data control, API controls, Manage domain-wide"
        " delegation, Add new: the client id that the command prints, and the first scope below."
        f" The account then acts as {plain(subject)} and reaches every calendar that user reaches:"
        " never an administrator. Share the rooms' calendars with that user as above. The second"
        " scope is needed only where `writes` is not `none`, the third only where rooms are looked"
        f" up in the directory.\n\n- {READ}\n- {WRITE}\n- {RESOURCES}",
        language="sh",
        commands=[
            "PROJECT=$(gcloud config get-value project)",
            (f'gcloud iam service-accounts describe {_ADDRESS} --format="value(oauth2ClientId)"'),
        ],
    )


def _directory() -> Step:
    return Step(
        title="Only to look rooms up in the directory",
        words="Admin console, Account, Admin roles, Create new role, with the one privilege to read"
        " resources (Services, Calendar, Buildings and resources): assign it to the service account"
        " or, with delegation, to the subject. Without it rooms are entered by hand, and all else"
        " works.",
        language="sh",
        commands=[
            "PROJECT=$(gcloud config get-value project)",
            'gcloud services enable admin.googleapis.com --project "$PROJECT"',
        ],
    )


def _settings(known: Known) -> Step:
    return Step(
        title="Tell the appliance",
        words=f"In bridge.yaml below sources.{known.source}: `kind: google`,"
        f" `service_account_file: secrets/{known.source}.json`, and with delegation `subject`."
        " Sharing takes effect within minutes, delegation within a day.",
        language="sh",
        commands=["roombridge check", "roombridge doctor"],
    )
