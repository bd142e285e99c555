//! Hostile cascades: what is read is evaluated too.

use fuzz::Target;

use crate::{
    Cascade, CascadeStage, Detector, Feature, GreyImage, Node, SearchSizes, Tree,
    judge::{Judge, Network, Planes, Square, WEIGHTS},
};

#[global_allocator]
static ALLOCATOR: fuzz::CountingAllocator = fuzz::CountingAllocator;

fn cascade(nodes: Vec<Node>, leaves: Vec<f32>) -> String {
    let features = vec![Feature { x: 1, y: 2, width: 3, height: 4 }, Feature { x: 0, y: 0, width: 1, height: 1 }];
    let stage = CascadeStage { threshold: -0.1, trees: vec![Tree { nodes, leaves }] };
    Cascade::new((20, 24), vec![stage.clone(), stage], features).unwrap().to_xml()
}

#[test]
fn cascades() {
    let node = |left, right| Node { feature: 1, subset: [u32::MAX, 1 << 31, 7, 0, 0, 0, 0, 9], left, right };
    let seeds = [
        cascade(vec![node(0, -1)], vec![0.1, -1.0 / 3.0]),
        cascade(vec![node(1, 2), node(0, -1), node(-2, -3)], vec![1.0, 2.0, 3.0, 1e-9]),
    ];
    let pixels: Vec<u8> = (0..64 * 48_u32).map(|index| (index * index / 7 % 251) as u8).collect();
    let read = move |bytes: &[u8]| {
        let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
        let cascade = Cascade::parse(text).map_err(|error| error.to_string())?;
        assert_eq!(Cascade::parse(&cascade.to_xml()).ok().as_ref(), Some(&cascade));
        let image = GreyImage::new(64, 48, &pixels).unwrap();
        Detector::new(cascade).detect(image, &SearchSizes { scale_factor: 1.3, min_size: 0, max_size: 0 }, 1);
        Ok(())
    };
    let words = ["<_>", "</_>", "<rect>", "<!DOCTYPE a [<!ENTITY b \"b\">]>", "&b;", "nan", "1e40", "-0", "<![CDATA["];
    Target::new("cascades", &seeds, read).words(&words).run();
}

#[test]
fn judges() {
    let network = Network::new(vec![0.25; WEIGHTS]).unwrap();
    let seeds = [Judge::new(network, 1.0, -0.5).to_bytes()];
    let pixels = [[7; 3]; 12];
    let read = move |bytes: &[u8]| {
        let judge = Judge::parse(bytes).map_err(|error| error.to_string())?;
        assert_eq!(judge.to_bytes(), bytes);
        let square = Square { x: 1.0, y: 9.0, side: 40.0, angle: 15.0 };
        assert!((0.0..=1.0).contains(&judge.confidence(&Planes::new(4, 3, &pixels).unwrap(), square)));
        Ok(())
    };
    Target::new("judges", &seeds, read).run();
}
