//! What moves between devices.

use super::*;

/// The manifest for two devices, of which a stage exchanges something.
fn on_two(manifest: &mut Manifest, stage: usize, moves: Moves, places: usize) {
    manifest.target.replicas = 2;
    for stage in manifest.variants.iter_mut().flat_map(|variant| &mut variant.stages) {
        stage.exchange.replicas = 2;
    }
    let exchange = Exchange { replicas: 2, moves, places };
    manifest.variants.iter_mut().for_each(|variant| variant.stages[stage].exchange = exchange);
}

#[test]
fn m24_exchanges() {
    breaks(
        24,
        &[
            &|m| m.target.replicas = 2,
            &at(0, |stage| stage.exchange.replicas = 2),
            &at(0, |stage| stage.exchange.moves = Moves::Gather),
            // A result that every device has.
            &at(0, |stage| stage.exchange.places = 1),
            // More places than tensors behind the columns.
            &|m| on_two(m, 0, Moves::Partition, 2),
            // Rows that leave with each step, and slots where rows are buffered.
            &|m| on_two(m, 1, Moves::Partition, 0),
            &|m| on_two(m, 0, Moves::Scatter, 0),
            // Joins would find a part of their build side.
            &|m| on_two(m, 0, Moves::Partition, 1),
            &|m| on_two(m, 0, Moves::Gather, 0),
        ],
    );
    for moves in [Moves::Broadcast, Moves::Share] {
        let mut manifest = manifest();
        on_two(&mut manifest, 0, moves, 0);
        assert_eq!(manifest.verify(), Ok(()));
    }
}
