//! Communication among the devices of a mesh.
//!
//! `groups` partition the devices, by replica number; every device belongs to one group and all groups have one size.

use melior::ir::Attribute;
use melior::ir::attribute::DenseElementsAttribute;
use melior::ir::r#type::{IntegerType, RankedTensorType};

use super::builder::Operation;
use super::{Builder, Combiner, Element, Value};

/// What the devices of one program are to XLA.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CollectiveMode {
    /// Replicas: `num_replicas = N`, no channels.
    #[default]
    Replicas,
    /// Partitions: `num_partitions = N`, one channel for each collective.
    Partitions,
}

impl<'c> Builder<'c> {
    /// This device's number, a scalar `u32`.
    #[must_use]
    pub fn replica_id(&self) -> Value<'c> {
        let name = match self.session.collectives {
            CollectiveMode::Replicas => "stablehlo.replica_id",
            CollectiveMode::Partitions => "stablehlo.partition_id",
        };
        self.op(name, &[], &[], self.type_id(Element::U32, []))
    }

    /// Combines `operand` elementwise over the devices of a group. XLA:CPU knows add, multiply, min and max, and of
    /// truth values and, or; of other integers and, or are not available there.
    #[must_use]
    #[track_caller]
    pub fn all_reduce(&self, operand: Value<'c>, combiner: Combiner, groups: &[Vec<i64>]) -> Value<'c> {
        assert!(combiner != Combiner::Set, "stablehlo.all_reduce: Set is no reduction");
        let scalar = self.type_id(self.element(operand), []);
        let (region, _) =
            self.region(&[scalar, scalar], |inner, values| vec![inner.combine(combiner, values[0], values[1])]);
        let mut attributes = self.groups(groups);
        self.global_devices(&mut attributes);
        self.append_single(Operation {
            name: "stablehlo.all_reduce",
            operands: &[operand],
            attributes: &attributes,
            regions: vec![region],
            results: &[operand.ty],
        })
    }

    /// The operands of all devices of a group, one after the other along `dim` in the order of the group.
    #[must_use]
    #[track_caller]
    pub fn all_gather(&self, operand: Value<'c>, dim: usize, groups: &[Vec<i64>]) -> Value<'c> {
        let mut ty = self.ty(operand);
        assert!(dim < ty.rank(), "stablehlo.all_gather: {ty} along {dim}");
        ty.dims[dim] *= group_size(groups);
        let mut attributes = self.groups(groups);
        attributes.push(("all_gather_dim", self.integer(64, dim as i64)));
        self.global_devices(&mut attributes);
        self.op("stablehlo.all_gather", &[operand], &attributes, self.intern(&ty))
    }

    /// Cuts `operand` into as many equal parts along `split` as the group has devices, sends part `i` to device `i` of
    /// the group, and puts what comes in one after the other along `concat`, in the order of the group.
    #[must_use]
    #[track_caller]
    pub fn all_to_all(&self, operand: Value<'c>, split: usize, concat: usize, groups: &[Vec<i64>]) -> Value<'c> {
        const NAME: &str = "stablehlo.all_to_all";
        let mut ty = self.ty(operand);
        let count = group_size(groups);
        let fits = split < ty.rank() && concat < ty.rank() && ty.dims[split] % count == 0;
        assert!(fits, "{NAME}: {ty} from {split} to {concat} among {count}");
        ty.dims[split] /= count;
        ty.dims[concat] *= count;
        let mut attributes = self.groups(groups);
        attributes.extend([
            ("split_dimension", self.integer(64, split as i64)),
            ("concat_dimension", self.integer(64, concat as i64)),
            ("split_count", self.integer(64, count)),
        ]);
        self.op(NAME, &[operand], &attributes, self.intern(&ty))
    }

    /// The attributes that say who takes part.
    #[track_caller]
    fn groups(&self, groups: &[Vec<i64>]) -> Vec<(&'static str, Attribute<'c>)> {
        let context = self.session.context;
        let size = group_size(groups);
        assert!(groups.iter().all(|group| group.len() as i64 == size), "collective: groups of different size");
        let dims = [groups.len() as u64, size as u64];
        let ty = RankedTensorType::new(&dims, IntegerType::new(context, 64).into(), None);
        let devices: Vec<i64> = groups.concat();
        let mut attributes = vec![("replica_groups", DenseElementsAttribute::i64_values(ty.into(), &devices).into())];
        match self.session.collectives {
            CollectiveMode::Replicas => {}
            CollectiveMode::Partitions => {
                let channel = self.session.channels.get();
                self.session.channels.set(channel + 1);
                let handle = self.parsed(&format!("#stablehlo.channel_handle<handle = {channel}, type = 1>"));
                attributes.push(("channel_handle", handle));
            }
        }
        attributes
    }

    /// With channels, `groups` number the devices of the whole program.
    fn global_devices(&self, attributes: &mut Vec<(&'static str, Attribute<'c>)>) {
        match self.session.collectives {
            CollectiveMode::Replicas => {}
            CollectiveMode::Partitions => attributes.push(("use_global_device_ids", self.parsed("unit"))),
        }
    }
}

#[track_caller]
fn group_size(groups: &[Vec<i64>]) -> i64 {
    match groups.first() {
        Some(group) if !group.is_empty() => group.len() as i64,
        _ => panic!("collective: no devices"),
    }
}
