//! Collectives among four devices of the CPU plugin.

use super::super::Combiner;
use super::{DEVICES, Tensor, run_on_each};

fn inputs() -> Vec<Vec<Tensor>> {
    let values = |device: usize| (0..4).map(|index| (10 * device + index) as i64).collect::<Vec<_>>();
    (0..DEVICES).map(|device| vec![Tensor::vector(&values(device)), Tensor::preds(&[device == 2])]).collect()
}

#[test]
fn devices_exchange() {
    let inputs = inputs();
    let inputs: Vec<_> = inputs.iter().map(Vec::as_slice).collect();
    let everyone = [vec![0, 1, 2, 3]];
    let pairs = [vec![0, 1], vec![2, 3]];
    let outputs = run_on_each(&inputs, |b, x| {
        vec![
            b.replica_id(),
            b.all_reduce(x[0], Combiner::Add, &everyone),
            b.all_reduce(x[0], Combiner::Max, &pairs),
            b.all_reduce(x[1], Combiner::Or, &everyone),
            b.all_gather(x[0], 0, &pairs),
            b.all_to_all(x[0], 0, 0, &everyone),
            b.all_to_all(b.reshape(x[0], &[4, 1]), 0, 1, &everyone),
        ]
    });
    for (device, outputs) in outputs.iter().enumerate() {
        assert_eq!(outputs[0].single::<u32>(), device as u32);
        assert_eq!(outputs[1].values::<i64>(), [60, 64, 68, 72]);
        let pair = device as i64 / 2;
        assert_eq!(outputs[2].values::<i64>(), [0, 1, 2, 3].map(|index| 20 * pair + 10 + index));
        assert_eq!(outputs[3].truths(), [true]);
        let both = [0, 1, 2, 3, 10, 11, 12, 13].map(|index| 20 * pair + index);
        assert_eq!(outputs[4].values::<i64>(), both);
        let received = [0, 10, 20, 30].map(|base| base + device as i64);
        assert_eq!(outputs[5].values::<i64>(), received);
        assert_eq!(outputs[6].values::<i64>(), received);
        assert_eq!(outputs[6].ty.dims, [1, 4]);
    }
}
