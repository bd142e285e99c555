//! Watching a run: its page, made anew when something of the run has changed, in a browser that is told so.

mod page;
mod traces;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use contracts::{
    Context, FindRunError, Layout, find_run,
    id::RunId,
    options::WatchOptions,
    stdout::{self, StdoutError},
};
use loopback::{Channel, Request, Response, Server};
use traces::Traces;

use crate::{RunPage, Scope};

/// How often the run's folder is looked at.
const POLL: Duration = Duration::from_secs(1);

/// A page is not made again before this many times the seconds that it took: a fiftieth of one core at most, at the lowest
/// priority.
const REST: u32 = 50;

/// Why nothing can be watched.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// The run that was named is not there.
    #[error(transparent)]
    Run(#[from] FindRunError),
    /// The system gives no port or no thread.
    #[error("cannot serve the page: {0}")]
    Serve(#[from] std::io::Error),
    /// The address cannot be told.
    #[error(transparent)]
    Stdout(#[from] StdoutError),
}

/// Serves the page of a run on this machine, and tells on stdout where, until the interrupt is raised.
///
/// # Errors
/// When the run that was named is not there, or nothing can be served.
pub fn watch(context: &Context<'_>, options: &WatchOptions) -> Result<(), WatchError> {
    serve_until_interrupted(context, options, stdout::line)
}

fn serve_until_interrupted(
    context: &Context<'_>,
    options: &WatchOptions,
    tell: impl FnOnce(String) -> Result<(), StdoutError>,
) -> Result<(), WatchError> {
    let Context { config, layout, interrupt, .. } = *context;
    // A name is of a run that is there; without one, whichever is trained next will do.
    let named = options.run.as_deref().map(|name| find_run(layout, name)).transpose()?;
    let (page, news) = (Arc::new(Mutex::new(shown(page::waiting("no run has begun yet")))), Channel::new());
    let server = serve(&page, &news)?;
    tell(server.address())?;
    let (mut seen, mut rest_until) = (None, Instant::now());
    while !interrupt.is_raised() {
        if let Some(run) = named.clone().or_else(|| find_run(layout, "latest").ok()) {
            // Before the page: what changes while it is made shows at the next look.
            let traces = Some((run.clone(), Traces::of(&layout.run(&run))));
            if traces != seen && rest_until <= Instant::now() {
                let started = Instant::now();
                *page.lock().unwrap_or_else(PoisonError::into_inner) =
                    shown(render(layout, &run, &config.report.title));
                news.publish("page", &run.to_string());
                (seen, rest_until) = (traces, Instant::now() + REST * started.elapsed());
            }
        }
        interrupt.wait_for(POLL);
    }
    news.close();
    Ok(())
}

/// A page of up to 12 MB, which all who ask for it share.
type Shown = Arc<[u8]>;

fn shown(page: String) -> Shown {
    page.into_bytes().into()
}

fn serve(shown: &Arc<Mutex<Shown>>, news: &Channel) -> std::io::Result<Server> {
    let (shown, news) = (Arc::clone(shown), news.clone());
    Server::start(move |request: &Request| match request.path() {
        "" => Response::html(page::FRAME).with_policy(page::frame_policy()),
        // The page says in itself what it may do.
        "page" => {
            let page = Arc::clone(&shown.lock().unwrap_or_else(PoisonError::into_inner));
            Response::shared("text/html; charset=utf-8", page).with_policy("frame-ancestors 'self'")
        }
        "events" => Response::events(news.subscribe(request.last_event())),
        _ => Response::not_found(),
    })
}

/// The page of a run as it is now; what keeps it from being made is shown instead, since the next look may find more.
fn render(layout: &Layout, run: &RunId, title: &str) -> String {
    match RunPage::gather(layout, run, title, Scope::Training) {
        Ok(page) => page.render(),
        Err(error) => page::waiting(&error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{BufRead as _, BufReader, Read as _, Write as _},
        net::TcpStream,
        sync::mpsc,
        thread,
    };

    use contracts::{
        Config,
        config::PathsConfig,
        publish,
        stage::{Interrupt, Silent},
    };

    use super::*;

    /// Asks for a path below the address.
    fn ask(address: &str, path: &str) -> TcpStream {
        let (host, base) = address.trim_start_matches("http://").split_once('/').unwrap();
        let mut stream = TcpStream::connect(host).unwrap();
        write!(stream, "GET /{base}{path} HTTP/1.1\r\nHost: {host}\r\n\r\n").unwrap();
        stream
    }

    fn text(address: &str, path: &str) -> String {
        let mut answer = String::new();
        ask(address, path).read_to_string(&mut answer).unwrap();
        answer
    }

    #[test]
    fn a_browser_is_told_of_a_run_that_begins_and_grows() {
        let root = tempfile::tempdir().unwrap();
        let layout = Layout::new(root.path(), &PathsConfig::default());
        let (config, interrupt, (tell, told)) = (Config::default(), Interrupt::default(), mpsc::channel());
        let context = Context { config: &config, layout: &layout, progress: &Silent, interrupt: &interrupt };
        thread::scope(|scope| {
            let watching = scope.spawn(|| {
                let tell = |address: String| {
                    tell.send(address).unwrap();
                    Ok(())
                };
                serve_until_interrupted(&context, &WatchOptions::default(), tell)
            });
            let address = told.recv().unwrap();
            let frame = text(&address, "");
            assert!(frame.contains("EventSource") && frame.contains("script-src 'sha256-"), "{frame}");
            assert!(text(&address, "page").contains("no run has begun yet"));

            let mut news = BufReader::new(ask(&address, "events")).lines().map(Result::unwrap);
            assert!(news.any(|line| line.starts_with("retry:")), "the browser listens");
            let run = layout.run(&"dcgan-64px-00000001".parse().unwrap());
            publish::write_file(&run.config(), config.to_toml().as_bytes()).unwrap();
            publish::write_file(&run.metrics(), b"{\"kimg\":0.5,\"loss_generator\":2.0}\n").unwrap();
            publish::point_at(&layout.latest_run(), "dcgan-64px-00000001").unwrap();
            assert!(news.any(|line| line == "data: dcgan-64px-00000001"));
            let first = text(&address, "page");
            assert!(first.contains("dcgan-64px-00000001"));

            let log = b"{\"kimg\":0.5,\"loss_generator\":2.0}\n{\"kimg\":1.5,\"loss_generator\":1.0}\n";
            publish::write_file(&run.metrics(), log).unwrap();
            assert!(news.any(|line| line == "event: page"));
            assert!(text(&address, "page?2") != first, "the newest curves are in it");

            interrupt.raise();
            watching.join().unwrap().unwrap();
            assert!(!news.any(|line| line.starts_with("event")), "the stream has ended");
        });
    }

    #[test]
    fn a_run_that_is_not_there_is_said() {
        let root = tempfile::tempdir().unwrap();
        let layout = Layout::new(root.path(), &PathsConfig::default());
        let (config, interrupt) = (Config::default(), Interrupt::default());
        let context = Context { config: &config, layout: &layout, progress: &Silent, interrupt: &interrupt };
        let options = WatchOptions { run: Some("none".into()) };
        let error = watch(&context, &options).unwrap_err().to_string();
        assert!(error.contains("\"none\""), "{error}");
    }
}
