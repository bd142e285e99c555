//! `demo`: a page that draws samples in a browser, by ONNX Runtime, and needs nothing but the files beside it.

mod runtime;
mod site;

use std::sync::Arc;

use contracts::{Context, publish, stdout};
use loopback::{Request, Response, Server};
use runtime::Runtime;
use site::Site;

use crate::{arguments::DemoOptions, opened::Opened, written};

/// Writes the page, or serves it until the interrupt.
pub(crate) fn run(context: &Context<'_>, options: &DemoOptions) -> anyhow::Result<String> {
    if !options.serve && !options.single_file {
        written::refuse_existing(&options.out)?;
    }
    let opened = Opened::open(context, &options.run)?;
    let site = Site::new(&opened, Runtime::take(options.runtime.as_deref())?)?;
    if options.serve {
        return serve(context, site);
    }
    if options.single_file {
        let page = site.single_file()?;
        let megabytes = page.len() as f64 / 1e6;
        return written::file(&options.out, page.as_bytes(), &format!("{megabytes:.1} MB, opens from disk"));
    }
    let files = site.files();
    publish::publish_folder(&options.out, |folder| -> anyhow::Result<()> {
        for (name, content) in &files {
            publish::write_file(&folder.join(name), content)?;
        }
        Ok(())
    })?;
    let names = files.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    Ok(written::said(&options.out, &format!("{names}; any static server shows it, from disk it needs --single-file")))
}

/// Serves the page on this machine alone.
fn serve(context: &Context<'_>, site: Site) -> anyhow::Result<String> {
    // Shared by all who ask: browsers may be many, and slow.
    let files: Vec<(&str, Arc<[u8]>)> =
        site.files().into_iter().map(|(name, content)| (name, content.into())).collect();
    let server = Server::start(move |request: &Request| {
        let asked = request.path();
        // The address alone means the page, which is the first.
        let file = if asked.is_empty() { files.first() } else { files.iter().find(|(name, _)| *name == asked) };
        match file {
            // The page says in itself what it may do.
            Some((name, content)) => {
                Response::shared(media_type(name), Arc::clone(content)).with_policy("frame-ancestors 'none'")
            }
            None => Response::not_found(),
        }
    })?;
    stdout::line(server.address())?;
    context.interrupt.wait();
    Ok(String::new())
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        // Browsers take a module of no other type.
        Some("mjs") => "text/javascript; charset=utf-8",
        Some("wasm") => "application/wasm",
        _ => "application/octet-stream",
    }
}
