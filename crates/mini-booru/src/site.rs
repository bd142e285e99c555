//! The site: what its dialects share.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use image::{ExtendedColorType, ImageEncoder, codecs::png::PngEncoder};

use crate::{
    address::Address,
    catalogue::Catalogue,
    danbooru::{self, DetailPages},
    dialect::Dialect,
    error::BooruError,
    gelbooru,
    html::{banned_page, front_page},
    moebooru::{self, pages::PreviewAddresses},
    post::Post,
    request::Request,
    response::{Body, Response},
    shift::Shift,
    variant::{Renderer, Variant, original},
};

/// A catalogue and how it is shown.
pub(crate) struct Site {
    pub(crate) catalogue: RwLock<Catalogue>,
    pub(crate) address: Address,
    pub(crate) dialect: Dialect,
    pub(crate) previews: PreviewAddresses,
    pub(crate) details: DetailPages,
    pub(crate) entity_tags: bool,
    pub(crate) robots: String,
    pub(crate) page_length: usize,
    pub(crate) renderer: Renderer,
    pub(crate) placeholder: Arc<[u8]>,
}

impl Site {
    /// The answer when nothing goes wrong.
    pub(crate) fn answer(&self, request: &Request) -> Response {
        let answer = self.tagged_answer(request);
        if self.entity_tags { answer } else { answer.without_header("ETag") }
    }

    fn tagged_answer(&self, request: &Request) -> Response {
        if request.method != "GET" && request.method != "HEAD" {
            return Response::error(405).with_header("Allow", "GET, HEAD");
        }
        let path = request.path();
        let parts: Vec<&str> = path.split('/').skip(1).collect();
        match (parts.as_slice(), self.dialect) {
            ([""], _) => Response::html(200, front_page()),
            (["robots.txt"], _) => Response::of_type(200, "text/plain; charset=utf-8", self.robots.clone().into()),
            (["banned", ..], _) => Response::html(200, banned_page()),
            (parts, Dialect::Moebooru) => moebooru::answer(self, request, parts),
            (parts, Dialect::Danbooru) => danbooru::answer(self, request, parts),
            (parts, Dialect::Gelbooru) => gelbooru::answer(self, request, parts),
        }
    }

    /// Lets the site's posts change.
    pub(crate) fn shift(&self, shift: &Shift) -> Result<(), BooruError> {
        shift.happen(&mut self.catalogue.write().unwrap_or_else(PoisonError::into_inner))
    }

    /// The original's file.
    pub(crate) fn original(&self, request: &Request, post: &Post) -> Response {
        match original(post) {
            Some(file) => Response::file(request, post.format.media_type(), &post.md5, post.created_at, file),
            None => Response::error(404),
        }
    }

    /// A variant's file.
    pub(crate) fn variant(&self, request: &Request, post: &Post, variant: Variant) -> Response {
        let entity_tag = format!("{}-{variant:?}", post.md5);
        match self.renderer.render(post, variant) {
            Some(file) => Response::file(request, variant.format().media_type(), &entity_tag, post.created_at, file),
            None => Response::error(404),
        }
    }

    /// The posts as they are now.
    pub(crate) fn posts(&self) -> RwLockReadGuard<'_, Catalogue> {
        self.catalogue.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An answer in JSON.
pub(crate) fn json(status: u16, value: &serde_json::Value) -> Response {
    Response::of_type(status, "application/json; charset=utf-8", Body::from(value.to_string()))
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
