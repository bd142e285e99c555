//! The page and what it asks for.

use std::{
    io,
    sync::{Mutex, MutexGuard, PoisonError},
};

use contracts::{Layout, foreign, publish::FileError};
use loopback::{Method, Request, Response, Server, hash_source};
use serde_json::{Value, json};

use crate::{
    choices::Choices,
    doubt::Doubt,
    faces::Face,
    filter::{Filter, State},
    thumbnails::Thumbnails,
};

const PAGE: &str = concat!(
    include_str!("page/begin.html"),
    "<style>",
    include_str!("page/page.css"),
    "</style>",
    include_str!("page/body.html"),
    "<script type=\"module\">",
    include_str!("page/page.mjs"),
    "</script></body></html>\n"
);

/// The faces with all that is known of them.
pub(crate) struct Curation {
    pub(crate) faces: Vec<Face>,
    pub(crate) thumbnails: Thumbnails,
    pub(crate) doubt: Doubt,
    /// All that changes: whoever looks at pictures waits for nobody's choice, nor for the disk that it is written to.
    pub(crate) choices: Mutex<Choices>,
    pub(crate) layout: Layout,
}

/// Serves the page on this machine alone.
///
/// # Errors
/// When the system gives no port or no thread.
pub(crate) fn serve(curation: Curation) -> io::Result<Server> {
    Server::start_with_posts(move |request: &Request| answer(&curation, request))
}

fn answer(curation: &Curation, request: &Request) -> Response {
    match (request.method(), request.path()) {
        (Method::Get, "") => Response::html(PAGE).with_policy(policy()),
        (Method::Get, path) => match path.split_once('/') {
            Some(("thumbnail", index)) => match index.parse().ok().and_then(|face| curation.thumbnails.read(face)) {
                Some(jpeg) => Response::new("image/jpeg", jpeg),
                None => Response::not_found(),
            },
            Some(("face", index)) => match index.parse().ok().filter(|face| *face < curation.faces.len()) {
                Some(face) => as_json(&curation.describe(face)),
                None => Response::not_found(),
            },
            _ => Response::not_found(),
        },
        (Method::Post, "list") => as_json(&curation.list(&String::from_utf8_lossy(request.body()))),
        (Method::Post, path @ ("out" | "back")) => {
            let Ok(which) = serde_json::from_slice::<Vec<usize>>(request.body()) else {
                return Response::refusal(400, "the body is no list of faces");
            };
            if which.iter().any(|face| *face >= curation.faces.len()) {
                return Response::refusal(400, "there is no such face");
            }
            match curation.change(path == "out", &which) {
                Ok(state) => as_json(&state),
                Err(error) => as_json(&json!({ "error": error.to_string() })),
            }
        }
        (Method::Post, _) => Response::not_found(),
    }
}

impl Curation {
    fn choices(&self) -> MutexGuard<'_, Choices> {
        // A thread that panicked has changed nothing halfway: what it changes last is one flag.
        self.choices.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Throws faces out or takes them back, and says which of them are out now, and how many are in all.
    fn change(&self, is_out: bool, which: &[usize]) -> Result<Value, FileError> {
        let mut choices = self.choices();
        if is_out {
            choices.throw_out(&self.layout, &self.faces, which)?;
        } else {
            choices.take_back(&self.layout, &self.faces, which)?;
        }
        let out: Vec<bool> = which.iter().map(|face| choices.is_out(*face)).collect();
        Ok(json!({ "out": out, "count": choices.count(), "faces": self.faces.len() }))
    }

    /// The faces that a filter shows, in an order: the first line of what is asked names the order, the second is the filter.
    fn list(&self, asked: &str) -> Value {
        let (order, filter) = asked.split_once('\n').unwrap_or((asked, ""));
        let filter: Filter = match filter.parse() {
            Ok(filter) => filter,
            Err(error) => return json!({ "error": error }),
        };
        let choices = self.choices().clone();
        let state = |face: usize| State {
            is_out: choices.is_out(face),
            is_double: self.doubt.doubles[face].is_some(),
            doubt: self.doubt.total[face],
        };
        let is_shown = |face: &usize| self.thumbnails.is_there(*face) && filter.holds(&self.faces[*face], state(*face));
        let mut shown: Vec<usize> = (0..self.faces.len()).filter(is_shown).collect();
        // Stable: equal faces keep the manifest's order.
        shown.sort_by(|a, b| self.key(order, *a).total_cmp(&self.key(order, *b)));
        let out: Vec<usize> = shown.iter().copied().filter(|face| choices.is_out(*face)).collect();
        json!({ "shown": shown, "out": out, "count": choices.count(), "faces": self.faces.len() })
    }

    /// What faces are ordered by, the least first.
    fn key(&self, order: &str, face: usize) -> f64 {
        match order {
            "score" => self.faces[face].score,
            "sharpness" => self.faces[face].sharpness,
            "size" => f64::from(self.faces[face].side),
            "discriminator" => self.doubt.scores.as_ref().map_or(0.0, |scores| f64::from(scores[face])),
            "alone" => -f64::from(self.doubt.loneliness[face]),
            "post" => face as f64,
            _ => -f64::from(self.doubt.total[face]),
        }
    }

    fn describe(&self, index: usize) -> Value {
        let face = &self.faces[index];
        json!({
            "file": face.file, "post": face.post, "tags": foreign::escaped(&face.tags.join(" ")),
            "score": face.score, "sharpness": face.sharpness,
            "size": face.side, "discriminator": self.doubt.scores.as_ref().map(|scores| scores[index]),
            "alone": self.doubt.loneliness[index], "doubt": self.doubt.total[index],
            "double": self.doubt.doubles[index].map(|other| &self.faces[other].file),
        })
    }
}

fn as_json(value: &Value) -> Response {
    Response::new("application/json", value.to_string().into_bytes())
}

/// What the page may do: run its own script and ask this server.
fn policy() -> String {
    format!(
        "default-src 'none'; script-src {}; style-src {}; img-src 'self' data:; connect-src 'self'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'",
        hash_source(include_str!("page/page.mjs")),
        hash_source(include_str!("page/page.css"))
    )
}
