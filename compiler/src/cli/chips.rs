//! What is known of TPUs: memory and speeds of each device, as Google's documentation of Cloud TPU gives them for a chip.

/// A device of a kind.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Device {
    /// Bytes of memory.
    pub(super) memory: u64,
    /// Bytes that its memory moves in a second.
    pub(super) bandwidth: f64,
    /// Bytes that it exchanges with other chips in a second.
    pub(super) links: f64,
}

const GIB: u64 = 1 << 30;

/// The kind of a topology such as `v5e:2x4`; `None` of one that is not listed.
pub(super) fn device_of(topology: &str) -> Option<Device> {
    let kind = topology.split_once(':').map_or(topology, |(kind, _)| kind);
    let device = |gib, gigabytes: f64, gigabits: f64| Device {
        memory: gib * GIB,
        bandwidth: gigabytes * 1e9,
        links: gigabits / 8.0 * 1e9,
    };
    match kind {
        "v4" => Some(device(32, 1228.0, 2400.0)),
        "v5e" => Some(device(16, 819.0, 1600.0)),
        "v5p" => Some(device(95, 2765.0, 4800.0)),
        "v6e" => Some(device(32, 1640.0, 3584.0)),
        // A chip is two devices.
        "tpu7x" => Some(device(96, 3690.0, 4800.0)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::device_of;

    #[test]
    fn topologies_tell_their_kind() {
        assert_eq!(device_of("v5e:2x4").map(|device| device.memory >> 30), Some(16));
        assert_eq!(device_of("v5e:2x4"), device_of("v5e:16x16"));
        assert_eq!(device_of("v1:1x1"), None);
    }
}
