// A link made by `roombridge tokens create --display` carries its token behind the `#`, which no
// server and no log ever sees. It becomes a cookie that scripts cannot read, and is forgotten. The
// page that is there already may show the room without it: on the appliance itself, everybody looks.

const token = decodeURIComponent(location.hash.slice(1));
if (token) {
  history.replaceState(null, "", location.pathname);
  const answer = await fetch(`${location.pathname}/sign-in`, {
    method: "POST",
    headers: { Authorization: `Bearer ${token}` },
  });
  if (answer.ok) {
    location.reload();
  }
  if (!answer.ok) {
    document.documentElement.dataset.refused = "link";
    document.dispatchEvent(new Event("refused"));
  }
}
