//! A headless Chromium for tests of pages, driven through the DevTools protocol over a pipe: messages of JSON, each ended by a
//! zero byte.
//!
//! For tests alone: whatever goes wrong panics.
#![allow(clippy::unwrap_used, clippy::missing_panics_doc, clippy::print_stderr, reason = "it is part of tests")]

use std::{
    env,
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::Duration,
};

use serde_json::{Value, json};

/// Names that distributions give the browser.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// How long an answer may take: the machine may have much else to do.
const PATIENCE: Duration = Duration::from_secs(120);

/// A page in a browser of its own, which ends with it.
pub struct Page {
    browser: Child,
    to: ChildStdin,
    from: Receiver<Value>,
    session: Option<String>,
    last: u64,
    /// Everything that the page did of its own accord.
    pub events: Vec<Value>,
    /// What it may ask for: its own address, or what begins with it.
    own: String,
    _profile: tempfile::TempDir,
}

impl Page {
    /// Starts the browser with an empty page; `None`, with a word, where there is no browser.
    pub fn start() -> Option<Self> {
        let Some(program) = find() else {
            eprintln!("skipped: no Chromium is installed");
            return None;
        };
        let profile = tempfile::tempdir().unwrap();
        let mut command = Command::new("sh");
        // The browser reads from descriptor 3 and writes to descriptor 4, which only a shell can lay for it.
        command.args(["-c", "exec \"$0\" \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>/dev/null"]).arg(program);
        command.arg(format!("--user-data-dir={}", profile.path().display()));
        // No sandbox: containers have none to offer, and the pages are our own. WebGPU in software is "unsafe" to Chromium.
        let flags = [
            "--headless",
            "--remote-debugging-pipe",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--enable-unsafe-webgpu",
        ];
        let quiet =
            ["--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
        command.args(flags).args(quiet).arg("about:blank");
        let mut browser = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (to, from) = (browser.stdin.take().unwrap(), messages(BufReader::new(browser.stdout.take().unwrap())));
        let mut page = Self {
            browser,
            to,
            from,
            session: None,
            last: 0,
            events: Vec::new(),
            own: String::new(),
            _profile: profile,
        };
        let target = page.call("Target.createTarget", json!({ "url": "about:blank" }));
        let attached = page.call("Target.attachToTarget", json!({ "targetId": target["targetId"], "flatten": true }));
        page.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Log", "Network"] {
            page.call(&format!("{domain}.enable"), json!({}));
        }
        Some(page)
    }

    /// Calls a method of the protocol and waits for its answer.
    pub fn call(&mut self, method: &str, params: Value) -> Value {
        self.last += 1;
        let mut message = json!({ "id": self.last, "method": method, "params": params });
        if let Some(session) = &self.session {
            message["sessionId"] = session.as_str().into();
        }
        self.to.write_all(format!("{message}\0").as_bytes()).unwrap();
        loop {
            let message = self.receive();
            if message["id"] == self.last {
                assert!(message.get("error").is_none(), "{method}: {}", message["error"]);
                return message["result"].clone();
            }
        }
    }

    /// The next message; one that answers nothing is kept as an event.
    fn receive(&mut self) -> Value {
        let message = self.from.recv_timeout(PATIENCE).expect("the browser answers");
        if message.get("id").is_none() {
            self.events.push(message.clone());
        }
        message
    }

    /// Opens a file from disk and waits until it is whole.
    pub fn open(&mut self, file: &Path) {
        self.visit(&format!("file://{}", file.display()));
    }

    /// Goes to an address and waits until the page is whole.
    pub fn visit(&mut self, address: &str) {
        self.events.clear();
        address.clone_into(&mut self.own);
        self.call("Page.navigate", json!({ "url": address }));
        while !self.events.iter().any(|event| event["method"] == "Page.loadEventFired") {
            self.receive();
        }
    }

    /// The value of an expression in the page.
    pub fn evaluate(&mut self, expression: &str) -> Value {
        let answer = self.call("Runtime.evaluate", json!({ "expression": expression, "returnByValue": true }));
        assert!(answer.get("exceptionDetails").is_none(), "{expression}: {}", answer["exceptionDetails"]);
        answer["result"]["value"].clone()
    }

    /// Presses a key as a hand would.
    pub fn press(&mut self, key: &str, code: u32) {
        // A button is pressed by the text of the key, not by the key.
        let text = if key == "Enter" { "\r" } else { "" };
        for kind in ["keyDown", "keyUp"] {
            let event = json!({ "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code, "text": text });
            self.call("Input.dispatchKeyEvent", event);
        }
    }

    /// Moves the pointer to a share of an element's box, which is scrolled into sight.
    pub fn point_at(&mut self, selector: &str, across: f64, down: f64) -> (f64, f64) {
        let corner = self.evaluate(&format!(
            "(() => {{ const e = document.querySelector({selector:?}); e.scrollIntoView({{ block: 'center', behavior: 'instant' }});
               const b = e.getBoundingClientRect(); return [b.left + b.width * {across}, b.top + b.height * {down}]; }})()"
        ));
        let (x, y) = (corner[0].as_f64().unwrap(), corner[1].as_f64().unwrap());
        self.call("Input.dispatchMouseEvent", json!({ "type": "mouseMoved", "x": x, "y": y }));
        (x, y)
    }

    /// Clicks the middle of an element.
    pub fn click(&mut self, selector: &str) {
        let (x, y) = self.point_at(selector, 0.5, 0.5);
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({ "type": kind, "x": x, "y": y, "button": "left", "clickCount": 1 });
            self.call("Input.dispatchMouseEvent", event);
        }
    }

    /// The value that the promise of an expression settles to.
    pub fn settle(&mut self, expression: &str) -> Value {
        let params = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let answer = self.call("Runtime.evaluate", params);
        assert!(answer.get("exceptionDetails").is_none(), "{expression}: {}", answer["exceptionDetails"]);
        answer["result"]["value"].clone()
    }

    /// What the page complained of, and what it asked for besides what lies at its address and what it contains.
    pub fn complaints(&self) -> Vec<String> {
        let params = |event: &Value| event["params"].clone();
        let complaint = |event: &Value| match event["method"].as_str()? {
            "Runtime.exceptionThrown" => Some(params(event)["exceptionDetails"].to_string()),
            "Runtime.consoleAPICalled" => Some(params(event)["args"].to_string()),
            "Log.entryAdded" => Some(params(event)["entry"]["text"].to_string()),
            "Network.requestWillBeSent" => {
                let url = params(event)["request"]["url"].as_str()?.to_owned();
                let own = ["data:", "blob:", &self.own].iter().any(|start| url.starts_with(*start));
                (!own).then(|| format!("asked for {url}"))
            }
            _ => None,
        };
        self.events.iter().filter_map(complaint).collect()
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        let _ = self.browser.kill();
        let _ = self.browser.wait();
    }
}

fn find() -> Option<PathBuf> {
    let folders = env::var_os("PATH")?;
    env::split_paths(&folders).flat_map(|folder| NAMES.map(|name| folder.join(name))).find(|path| path.is_file())
}

/// Reads messages on a thread, so that waiting for one can end.
fn messages(mut from: BufReader<std::process::ChildStdout>) -> Receiver<Value> {
    let (send, receive) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        while matches!(from.read_until(0, &mut bytes), Ok(read) if read > 0) {
            let message = serde_json::from_slice(bytes.trim_ascii_end().strip_suffix(&[0]).unwrap_or(&bytes));
            bytes.clear();
            if message.is_ok_and(|message: Value| send.send(message).is_err()) {
                return;
            }
        }
    });
    receive
}
