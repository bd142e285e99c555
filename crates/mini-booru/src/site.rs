//! The site: which path gives which answer.

use std::sync::{Arc, PoisonError, RwLock};

use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder};

use crate::address::Address;
use crate::catalogue::Catalogue;
use crate::error::BooruError;
use crate::listing::Listing;
use crate::pages::{PreviewAddresses, front_page, list_page, post_page};
use crate::post::{Post, Status};
use crate::request::Request;
use crate::response::{Body, Response};
use crate::shift::Shift;
use crate::variant::{Renderer, Variant, original};

/// A catalogue and how it is shown.
pub(crate) struct Site {
    pub(crate) catalogue: RwLock<Catalogue>,
    pub(crate) address: Address,
    pub(crate) previews: PreviewAddresses,
    pub(crate) robots: String,
    pub(crate) page_length: usize,
    pub(crate) renderer: Renderer,
    pub(crate) placeholder: Arc<[u8]>,
}

impl Site {
    /// The answer when nothing goes wrong.
    pub(crate) fn answer(&self, request: &Request) -> Response {
        if request.method != "GET" && request.method != "HEAD" {
            return Response::error(405).with_header("Allow", "GET, HEAD");
        }
        let path = request.path();
        let parts: Vec<&str> = path.split('/').skip(1).collect();
        match parts.as_slice() {
            [""] => Response::html(200, front_page()),
            ["robots.txt"] => text("text/plain; charset=utf-8", self.robots.clone()),
            ["post"] | ["post", "" | "index"] => self.list(request),
            ["post.json"] | ["post", "index.json"] => self.records(request),
            ["post", "show", id] | ["post", "show", id, _] => self.post(id),
            ["image", md5, _] => self.file(request, md5),
            ["sample", md5, _] => self.variant(request, md5, Variant::Sample),
            ["data", "preview", first, second, name] => self.preview(request, first, second, name),
            ["deleted-preview.png"] => {
                Response::file(request, "image/png", "deleted", 1_400_000_000, self.placeholder.clone())
            }
            _ => Response::error(404),
        }
    }

    /// Lets the site's posts change.
    pub(crate) fn shift(&self, shift: &Shift) -> Result<(), BooruError> {
        shift.happen(&mut self.catalogue.write().unwrap_or_else(PoisonError::into_inner))
    }

    fn listing(&self, request: &Request) -> Listing {
        Listing::find(&self.read(), request.query(), self.page_length)
    }

    fn list(&self, request: &Request) -> Response {
        let listing = self.listing(request);
        let records = listing.records(&self.address, &self.renderer);
        Response::html(200, list_page(&listing, &records, &self.address, self.previews))
    }

    fn records(&self, request: &Request) -> Response {
        let records = self.listing(request).records(&self.address, &self.renderer);
        text("application/json; charset=utf-8", serde_json::Value::Array(records).to_string())
    }

    fn post(&self, id: &str) -> Response {
        let found = {
            let catalogue = self.read();
            let post = id.parse().ok().and_then(|id| catalogue.post(id));
            post.map(|post| (post.clone(), Listing::single(&catalogue, post)))
        };
        let Some((post, listing)) = found else { return Response::error(404) };
        match listing.records(&self.address, &self.renderer).first() {
            Some(record) => Response::html(200, post_page(&post, record, &self.address)),
            None => Response::error(404),
        }
    }

    fn file(&self, request: &Request, md5: &str) -> Response {
        let Some(post) = self.active(md5) else { return Response::error(404) };
        match original(&post) {
            Some(file) => Response::file(request, post.format.media_type(), &post.md5, post.created_at, file),
            None => Response::error(404),
        }
    }

    fn preview(&self, request: &Request, first: &str, second: &str, name: &str) -> Response {
        match name.strip_suffix(".jpg") {
            Some(md5) if md5.starts_with(first) && md5[first.len()..].starts_with(second) => {
                self.variant(request, md5, Variant::Preview)
            }
            _ => Response::error(404),
        }
    }

    fn variant(&self, request: &Request, md5: &str, variant: Variant) -> Response {
        let Some(post) = self.active(md5) else { return Response::error(404) };
        if variant == Variant::Sample && !post.has_sample() {
            return Response::error(404);
        }
        let entity_tag = format!("{}-{variant:?}", post.md5);
        match self.renderer.render(&post, variant) {
            Some(file) => Response::file(request, "image/jpeg", &entity_tag, post.created_at, file),
            None => Response::error(404),
        }
    }

    fn active(&self, md5: &str) -> Option<Post> {
        let catalogue = self.read();
        catalogue.posts().find(|post| post.md5 == md5 && post.status == Status::Active).cloned()
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Catalogue> {
        self.catalogue.read().unwrap_or_else(PoisonError::into_inner)
    }
}

fn text(media_type: &str, text: String) -> Response {
    Response::of_type(200, media_type, Body::from(text))
}

/// The picture that stands for deleted ones: grey, crossed out.
pub(crate) fn placeholder() -> Result<Arc<[u8]>, image::ImageError> {
    let picture = image::RgbImage::from_fn(150, 150, |x, y| {
        let crossed = x.abs_diff(y) < 4 || (x + y).abs_diff(149) < 4;
        image::Rgb(if crossed { [190, 60, 60] } else { [210, 210, 214] })
    });
    let mut bytes = Vec::new();
    PngEncoder::new(&mut bytes).write_image(&picture, 150, 150, ExtendedColorType::Rgb8)?;
    Ok(bytes.into())
}
