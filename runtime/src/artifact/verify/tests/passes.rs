//! What runs together, and in which order.

use super::{breaks, chunk, driver, fold, manifest};
use crate::artifact::*;
use crate::pjrt::Element;

#[test]
fn m21_passes() {
    breaks(
        21,
        &[
            &|m| m.variants[0].passes.clear(),
            &|m| m.variants[0].passes.push(vec![1]),
            &|m| m.variants[0].passes.push(vec![]),
            &|m| m.variants[0].passes.push(vec![2]),
            &|m| m.variants[0].passes.reverse(),
            // The second reads the result of the first.
            &|m| m.variants[0].passes = vec![vec![0, 1]],
        ],
    );
    let apart = |change: fn(&mut Stage)| {
        move |manifest: &mut Manifest| {
            let variant = &mut manifest.variants[0];
            variant.stages.push(fold());
            variant.passes = vec![vec![0, 2], vec![1]];
            change(&mut variant.stages[2]);
        }
    };
    let mut together = manifest();
    apart(|_| ())(&mut together);
    assert_eq!(together.verify(), Ok(()));
    breaks(
        21,
        &[
            &apart(|stage| stage.chunk_rows = 8),
            &apart(|stage| stage.drivers.push(stage.drivers[0].clone())),
            &apart(|stage| {
                stage.drivers = vec![driver(vec![chunk(0, Element::S64, true)])];
                stage.drivers[0].source = DriverSource::Stage(0);
            }),
        ],
    );
}
