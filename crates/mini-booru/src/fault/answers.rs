//! Faults within HTTP: other answers, sent in good order.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use super::{Fault, bomb};
use crate::{
    dates::{http_date, seconds_since_1970},
    html::error_page,
    response::{Body, Response},
};

/// The answer that the fault makes of the sound one.
pub(super) fn instead(fault: &Fault, target: &str, answer: Response) -> Response {
    match fault {
        Fault::Status { code, retry_after } => refusal(*code, retry_after.as_deref()),
        Fault::Cloudflare => cloudflare(),
        Fault::Redirect { to } => redirect(to),
        Fault::RedirectLoop => redirect(target),
        Fault::Html => Response::html(200, error_page(200, "Please wait while we check your browser")),
        Fault::ErrorObject => error_object(),
        Fault::Body { code, media_type, body } => {
            Response::of_type(*code, media_type, Body::whole(body.as_slice().into()))
        }
        Fault::OddEntries => with_odd_entries(answer),
        Fault::Header { name, value } => answer.with_header(name, value),
        Fault::Empty => answer.whole_with(Vec::new()),
        Fault::Oversize { by } => {
            let longer = [answer.body.whole_file(), &vec![0; *by]].concat();
            answer.whole_with(longer)
        }
        Fault::Altered => altered(answer),
        Fault::Bomb => Response::of_type(200, "image/png", Body::whole(bomb::png())),
        Fault::WrongContentRange if answer.status == 206 => from_the_start(answer),
        Fault::Unsatisfiable if answer.status == 206 => Response::unsatisfiable(answer.body.whole_file().len()),
        Fault::ChangedEntityTag => {
            let whole = answer.body.whole_file().to_vec();
            answer.whole_with(whole).with_header("ETag", "\"changed\"")
        }
        _ => answer,
    }
}

fn refusal(code: u16, retry_after: Option<&str>) -> Response {
    let refusal = Response::error(code);
    match retry_after {
        None => refusal,
        Some(text) => refusal.with_header("Retry-After", &retry_after_value(text)),
    }
}

/// `+N` is the date N seconds from now.
fn retry_after_value(text: &str) -> String {
    match text.strip_prefix('+').and_then(|seconds| seconds.parse().ok()) {
        Some(seconds) => http_date(seconds_since_1970(SystemTime::now() + Duration::from_secs(seconds))),
        None => text.to_owned(),
    }
}

fn cloudflare() -> Response {
    let page = "<!DOCTYPE html><html><head><title>Just a moment...</title></head>\
                <body><div id=\"challenge-error-text\">Enable JavaScript and cookies to continue</div></body></html>";
    Response::html(403, page.to_owned())
        .with_header("cf-mitigated", "challenge")
        .with_header("cf-ray", "0123456789abcdef-MNI")
}

fn redirect(to: &str) -> Response {
    Response::html(302, error_page(302, "You are being redirected")).with_header("Location", to)
}

fn error_object() -> Response {
    let object = r#"{"success":false,"reason":"timed out","error":"QueryCanceled","message":"The database timed out"}"#;
    Response::of_type(200, "application/json; charset=utf-8", object.to_owned().into())
}

/// A list of records with odd ones among them; any other answer as it is.
fn with_odd_entries(answer: Response) -> Response {
    let Ok(Value::Array(mut records)) = serde_json::from_slice(answer.body.bytes()) else { return answer };
    let middle = records.len() / 2;
    if !records.is_empty() {
        records.splice(middle..middle, [Value::Null, json!({"id": null, "tags": 7, "md5": null})]);
    }
    Response { body: Value::Array(records).to_string().into(), ..answer }
}

fn altered(answer: Response) -> Response {
    let mut bytes = answer.body.bytes().to_vec();
    let middle = bytes.len() / 2;
    if let Some(byte) = bytes.get_mut(middle) {
        *byte ^= 1;
    }
    Response { body: Body::whole(bytes.into()), ..answer }
}

fn from_the_start(answer: Response) -> Response {
    let whole = answer.body.whole_file().to_vec();
    let range = format!("bytes 0-{}/{}", whole.len().saturating_sub(1), whole.len());
    Response { status: 206, ..answer.whole_with(whole) }.with_header("Content-Range", &range)
}
