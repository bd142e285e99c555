//! Painting is the same everywhere, and shows what it says.

use mini_booru::{Catalogue, painter::paint};

/// The MD5 of each painted original, made by so many threads.
fn painted(threads: usize) -> Vec<String> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    let catalogue = pool.install(|| Catalogue::painted(8, 12)).unwrap();
    catalogue.posts().map(|post| post.md5.clone()).collect()
}

#[test]
fn the_number_of_threads_changes_nothing() {
    assert_eq!(painted(1), painted(2));
}

#[test]
fn pictures_differ_and_hold_no_face_to_three() {
    let paintings: Vec<_> = (0..40).map(|index| paint(6, index)).collect();
    let mut counts = [0; 4];
    for painting in &paintings {
        assert_eq!(painting.rgb.len(), (3 * painting.width * painting.height) as usize);
        let colours: std::collections::BTreeSet<_> = painting.rgb.chunks_exact(3).step_by(97).collect();
        assert!(colours.len() > 50, "only {} colours", colours.len());
        counts[painting.faces.len()] += 1;
    }
    assert!(counts.iter().all(|count| *count > 0), "{counts:?} pictures with 0, 1, 2, 3 faces");
}

/// The face's middle is skin: a light warm colour, or what crosses it there (a nose, a lock of hair).
#[test]
fn faces_are_where_they_are_said_to_be() {
    let (mut faces, mut skin) = (0, 0);
    for index in 0..40 {
        let painting = paint(7, index);
        for face in &painting.faces {
            faces += 1;
            let at = |share: f32| {
                let (x, y) = ((face.x + face.side * 0.5) as u32, (face.y + face.side * share) as u32);
                let start = (3 * (y * painting.width + x)) as usize;
                [painting.rgb[start], painting.rgb[start + 1], painting.rgb[start + 2]]
            };
            let warm = |[red, green, blue]: [u8; 3]| red > 200 && red >= green && green >= blue && blue > 110;
            skin += usize::from(warm(at(0.62)) || warm(at(0.5)));
        }
    }
    assert!(skin * 10 >= faces * 9, "{skin} of {faces} faces have skin in their middle");
}
