"""Google Workspace: a service account that sees the rooms."""

from bridge.guides.known import Known
from bridge.guides.step import Step
from bridge.quoting import plain, sh

ACCOUNT = "room-calendar-bridge"
READ = "https://www.googleapis.com/auth/calendar.events.readonly"
RESOURCES = "https://www.googleapis.com/auth/admin.directory.resource.calendar.readonly"


def steps(known: Known) -> list[Step]:
    """A service account, and one of two ways to the rooms."""
    return [_account(known), _shared(known), _delegated(known), _settings(known)]


def _account(known: Known) -> Step:
    key = sh(f"{known.folder}/secrets/{known.source}.json")
    address = f'"{ACCOUNT}@$PROJECT.iam.gserviceaccount.com"'
    return Step(
        title="Make a service account and its key",
        words="In a project of its own. The key opens whatever is shared with the account: it"
        " belongs on the appliance and nowhere else.",
        language="sh",
        commands=[
            "PROJECT=$(gcloud config get-value project)",
            'gcloud services enable calendar-json.googleapis.com --project "$PROJECT"',
            f'gcloud iam service-accounts create {ACCOUNT} --project "$PROJECT" \\',
            "    --display-name 'Room Calendar Bridge'",
            f"gcloud iam service-accounts keys create {ACCOUNT}.json --iam-account {address}",
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
        " Nothing else can be read."
        + (f"\n\n{rooms}" if rooms else "\n\nThe configuration has no rooms of this source yet."),
    )


def _delegated(known: Known) -> Step:
    subject = known.settings.get("subject") or "a user with few rights, named as subject"
    return Step(
        title="Or: domain-wide delegation",
        words="Admin console, Security, Access and data control, API controls, Manage domain-wide"
        " delegation, Add new: the client id that the command prints, and the scope below. The"
        f" account then acts as {plain(subject)} and reaches every calendar that user reaches:"
        " never an administrator. The second scope is needed only where rooms are looked up in"
        f" the directory.\n\n- {READ}\n- {RESOURCES}",
        language="sh",
        commands=[
            "PROJECT=$(gcloud config get-value project)",
            (
                "gcloud iam service-accounts describe"
                f' "{ACCOUNT}@$PROJECT.iam.gserviceaccount.com" --format="value(oauth2ClientId)"'
            ),
        ],
    )


def _settings(known: Known) -> Step:
    return Step(
        title="Tell the appliance",
        words=f"In bridge.yaml below sources.{known.source}: `kind: google`,"
        f" `service_account_file: secrets/{known.source}.json`, and with delegation `subject`."
        " A version that does not know this kind yet says so.",
        language="sh",
        commands=["roombridge check"],
    )
