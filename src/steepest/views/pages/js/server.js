// Server: what the page asks of the lab that serves it. A page that was opened from disk asks nobody.

const lab = { session: null, limit: Infinity, request: null };
const GONE = "The lab does not answer: it has ended, or the connection is lost. What is open here goes on working.";

class Refused extends Error {
  constructor(status, { error, field } = {}) {
    super(error || `The lab answered ${status}.`);
    Object.assign(this, { status, field });
  }
}

// The session outlives a reload of its tab; no other site can read it. A tab that was opened from this one begins its own.
function keptSession(...value) {
  try {
    if (value.length) sessionStorage.setItem("steepest-session", value[0]);
    return sessionStorage.getItem("steepest-session");
  } catch {
    return null; // the browser keeps nothing: a reload begins a new session
  }
}

function headersOf(more) {
  return { ...(lab.session ? { "X-Steepest-Session": lab.session } : {}), ...more };
}

// Send JSON, and hand over what the lab answers: JSON, or a page as text.
async function ask(path, content = {}) {
  let response;
  try {
    response = await fetch(path, { method: "POST", headers: headersOf({ "Content-Type": "application/json" }), body: JSON.stringify(content), credentials: "omit", redirect: "error" });
  } catch {
    throw new Refused(0, { error: GONE });
  }
  const json = (response.headers.get("Content-Type") || "").startsWith("application/json");
  if (response.ok) return json ? response.json() : response.text();
  throw new Refused(response.status, json ? await response.json() : {});
}

// Begin a session, or go on with the one this tab had.
async function beginSession(token) {
  const [visit] = performance.getEntriesByType("navigation");
  if (!lab.session && visit && visit.type === "navigate") keptSession("");
  lab.session = keptSession();
  const begun = await ask("/session", token === undefined ? {} : { token });
  lab.session = keptSession(begun.session) || begun.session;
  lab.limit = begun.upload_limit;
  return begun;
}

// Send a file; `progress` hears the share that has arrived.
function sendFile(file, progress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    lab.request = request;
    request.open("POST", "/upload");
    for (const [name, value] of Object.entries(headersOf({ "Content-Type": "application/octet-stream", "X-Steepest-Name": encodeURIComponent(file.name) }))) request.setRequestHeader(name, value);
    request.upload.addEventListener("progress", (event) => progress(event.loaded / event.total));
    request.addEventListener("error", () => reject(new Refused(0, { error: GONE })));
    request.addEventListener("abort", () => reject(new Refused(0, { error: "Cancelled." })));
    request.addEventListener("load", () => {
      let said = {};
      try { said = JSON.parse(request.responseText); } catch { /* no JSON: the status says it */ }
      if (request.status === 200) resolve(said); else reject(new Refused(request.status, said));
    });
    request.send(file);
  });
}

// Stop what the lab is doing for this session.
async function cancelWork() {
  if (lab.request) lab.request.abort();
  lab.request = null;
  await ask("/cancel");
}
