//! How what the devices of a mesh have folded comes together before the finish.
//!
//! Every device folds the chunks that it is dealt into a state of its own. Then rows move, if the finish of a device needs others
//! than it has. Devices send what they hold in blocks of a fixed number of rows, in as many rounds as the largest number of rows that
//! one has for another takes: how many these are is told before anything is sent, and no program depends on it.
//!
//! ```text
//! partition(state, residents, scalars)  -> (state, status, counts)      what goes to one device stands together
//! exchange(state, other, counts, round) -> (state, status, count)       once a round: the state with what came from all
//! finish(state, residents, scalars)     -> (status, count, tensors)
//! ```

use serde::{Deserialize, Serialize};

/// How the states of a stage's devices come together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    /// How many devices there are.
    pub replicas: usize,
    /// Which rows move.
    pub moves: Moves,
    /// So many tensors at the end of the result are integers that say where a row stands, the most significant first: the host
    /// puts the rows of all devices in their order.
    pub places: usize,
}

/// Which rows move from device to device before the finish.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Moves {
    /// None. Of several devices the finish adds the states up, and every device has the whole result.
    None,
    /// None. The finish adds the states up, each device those of some slots, and has the result of these.
    Scatter,
    /// Every row goes to the device that `partition` says, and every device has a part of the result.
    Partition,
    /// The same, and programs of later stages ask each device for what it has.
    Share,
    /// Every row goes to the first device, which has the result; the others have none.
    Gather,
    /// Every row goes to every device, and each has the whole result.
    Broadcast,
}

impl Exchange {
    /// What one device needs.
    pub const LOCAL: Self = Self { replicas: 1, moves: Moves::None, places: 0 };

    /// Whether every device has the whole result.
    pub fn is_replicated(self) -> bool {
        match self.moves {
            Moves::None | Moves::Broadcast => true,
            Moves::Scatter | Moves::Partition | Moves::Share | Moves::Gather => false,
        }
    }

    /// How many rows a block has that one device sends to another, where buffers have room for `capacity`.
    ///
    /// No more than a chunk: that much room is left behind what a buffer holds.
    pub fn block_rows(self, capacity: usize, chunk_rows: usize) -> usize {
        capacity.div_ceil(self.replicas.max(1)).next_power_of_two().min(chunk_rows)
    }
}
