//! Events from one thread of the program to all browsers that listen.

use std::{
    fmt,
    io::{self, Write},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// How long nothing happens before a comment is sent: a browser that has gone shows only when something is written.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// Where events are published. A listener who is late gets the newest of each kind, not those in between: what is shown is the
/// state of things, not their history, and a slow browser costs no memory.
#[derive(Clone, Default)]
pub struct Channel {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    news: Condvar,
}

#[derive(Default)]
struct State {
    /// The newest event of each kind, with its number.
    events: Vec<(u64, String, Arc<str>)>,
    /// How many were published.
    published: u64,
    closed: bool,
}

impl Channel {
    /// A channel that nobody listens to yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Publishes an event: `kind` is what the page's listener is for, `data` what it is given, a text of any number of lines.
    pub fn publish(&self, kind: &str, data: &str) {
        let mut state = self.shared.lock();
        state.published += 1;
        let number = state.published;
        state.events.retain(|(_, known, _)| known != kind);
        state.events.push((number, kind.to_owned(), data.into()));
        drop(state);
        self.shared.news.notify_all();
    }

    /// Ends all subscriptions.
    pub fn close(&self) {
        self.shared.lock().closed = true;
        self.shared.news.notify_all();
    }

    /// Listens from now on, or from after the event with the number `last`, as a browser does that has lost its connection.
    pub fn subscribe(&self, last: Option<u64>) -> Subscription {
        let published = self.shared.lock().published;
        // A number from before the program was started anew is none of ours.
        Subscription {
            shared: Arc::clone(&self.shared),
            seen: last.filter(|last| *last <= published).unwrap_or(published),
        }
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Channel").finish_non_exhaustive()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A listener.
pub struct Subscription {
    shared: Arc<Shared>,
    seen: u64,
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription").field("seen", &self.seen).finish_non_exhaustive()
    }
}

impl Subscription {
    /// Sends events as they come, until the channel is closed or the browser has gone.
    pub(crate) fn serve(mut self, connection: &mut impl Write) -> io::Result<()> {
        // How long the browser waits before it asks again after a broken connection, in milliseconds.
        connection.write_all(b"retry: 1000\n\n")?;
        loop {
            match self.next() {
                Next::Events(text) => connection.write_all(text.as_bytes())?,
                Next::Silence => connection.write_all(b":\n\n")?,
                Next::Closed => return Ok(()),
            }
            connection.flush()?;
        }
    }

    fn next(&mut self) -> Next {
        let seen = self.seen;
        let waiting = |state: &mut State| !state.closed && state.published <= seen;
        let waited = self.shared.news.wait_timeout_while(self.shared.lock(), HEARTBEAT, waiting);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if state.closed {
            return Next::Closed;
        }
        let news = state.events.iter().filter(|(number, ..)| *number > seen);
        let text: String = news.map(|(number, kind, data)| event(*number, kind, data)).collect();
        let published = state.published;
        drop(state);
        self.seen = published;
        if text.is_empty() { Next::Silence } else { Next::Events(text) }
    }
}

enum Next {
    Events(String),
    Silence,
    Closed,
}

/// An event as it is sent: a field a line, each line of the data its own field.
fn event(number: u64, kind: &str, data: &str) -> String {
    let data: String = data.lines().map(|line| format!("data: {line}\n")).collect();
    let data = if data.is_empty() { "data:\n".into() } else { data };
    format!("id: {number}\nevent: {kind}\n{data}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(next: Next) -> String {
        match next {
            Next::Events(text) => text,
            Next::Silence => "silence".into(),
            Next::Closed => "closed".into(),
        }
    }

    #[test]
    fn a_listener_gets_the_newest_of_each_kind_once() {
        let channel = Channel::new();
        channel.publish("grid", "before");
        let mut early = channel.subscribe(None);
        channel.publish("grid", "1");
        channel.publish("curves", "two\nlines");
        channel.publish("grid", "3");
        assert_eq!(
            text(early.next()),
            "id: 3\nevent: curves\ndata: two\ndata: lines\n\nid: 4\nevent: grid\ndata: 3\n\n"
        );
        assert!(text(channel.subscribe(Some(3)).next()).starts_with("id: 4\n"));
        channel.publish("done", "");
        assert_eq!(text(early.next()), "id: 5\nevent: done\ndata:\n\n");
        let mut from_another_life = channel.subscribe(Some(77));
        channel.close();
        assert_eq!((text(early.next()), text(from_another_life.next())), ("closed".into(), "closed".into()));
    }
}
