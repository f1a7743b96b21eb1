//! Programs built of every operation, run on the CPU plugin and compiled for a TPU that need not be there.

mod collective;
mod constant;
mod control;
mod custom_call;
mod elementwise;
mod math;
mod reduce;
mod scan;
mod scatter;
mod shape;
mod sort;
mod text;
mod tpu;

use std::sync::OnceLock;

use dj_runtime::pjrt::{
    AlignedBytes, Argument as Input, Client, ClientOptions, CompileOptions, HostData, HostScalar, Platform, Plugin,
    as_bytes, discover,
};

use super::{Argument, Builder, Context, Element, Module, TensorType, Value};

/// Devices of the client that tests share.
const DEVICES: usize = 4;

/// A tensor in host memory.
#[derive(Clone, Debug)]
struct Tensor {
    ty: TensorType,
    bytes: Vec<u8>,
}

impl Tensor {
    fn scalar<T: HostScalar>(value: T) -> Self {
        Self { ty: TensorType::scalar(T::ELEMENT), bytes: as_bytes(&[value]).to_vec() }
    }

    fn vector<T: HostScalar>(values: &[T]) -> Self {
        Self { ty: TensorType::vector(T::ELEMENT, values.len() as i64), bytes: as_bytes(values).to_vec() }
    }

    fn matrix<T: HostScalar>(columns: i64, values: &[T]) -> Self {
        let rows = values.len() as i64 / columns;
        Self { ty: TensorType::new(T::ELEMENT, [rows, columns]), bytes: as_bytes(values).to_vec() }
    }

    fn preds(values: &[bool]) -> Self {
        let bytes = values.iter().map(|&value| u8::from(value)).collect();
        Self { ty: TensorType::vector(Element::Pred, values.len() as i64), bytes }
    }

    #[track_caller]
    fn values<T: HostScalar>(&self) -> Vec<T> {
        assert_eq!(self.ty.element, T::ELEMENT);
        let mut aligned = AlignedBytes::zeroed(self.bytes.len());
        aligned.as_mut_slice().copy_from_slice(&self.bytes);
        aligned.as_slice::<T>().to_vec()
    }

    #[track_caller]
    fn truths(&self) -> Vec<bool> {
        assert_eq!(self.ty.element, Element::Pred);
        self.bytes.iter().map(|&byte| byte != 0).collect()
    }

    #[track_caller]
    fn single<T: HostScalar>(&self) -> T {
        assert!(self.ty.dims.is_empty(), "{} is no scalar", self.ty);
        self.values()[0]
    }
}

/// The CPU client. Compiles at level 0 unless speed is measured.
fn client() -> &'static Client {
    static CLIENT: OnceLock<Client> = OnceLock::new();
    CLIENT.get_or_init(|| {
        let plugin = Plugin::load(&discover(Platform::Cpu, None).unwrap()).unwrap();
        Client::new(&plugin, &ClientOptions::cpu(DEVICES)).unwrap()
    })
}

/// Builds and runs a program on one device.
#[track_caller]
fn run(inputs: &[Tensor], body: impl for<'c> FnOnce(&Builder<'c>, &[Value<'c>]) -> Vec<Value<'c>>) -> Vec<Tensor> {
    run_on_each(&[inputs], body).remove(0)
}

/// Builds a program and runs it on as many devices as there are lists of inputs.
#[track_caller]
fn run_on_each(
    inputs: &[&[Tensor]],
    body: impl for<'c> FnOnce(&Builder<'c>, &[Value<'c>]) -> Vec<Value<'c>>,
) -> Vec<Vec<Tensor>> {
    let arguments: Vec<_> = inputs[0].iter().map(|input| Argument::new(input.ty.clone())).collect();
    let module = Module::build(&Context::new().session(), "test", &arguments, body).unwrap();
    let options = CompileOptions { optimization_level: Some(0), ..CompileOptions::replicated(inputs.len()) };
    let program = client().compile(&module.text, &options).unwrap_or_else(|error| panic!("{error}\n{}", module.text));
    let buffer = |(device, input): (usize, &Tensor)| {
        let bytes = HostData::Copied(&input.bytes);
        Input::from(client().buffer_from_host(bytes, input.ty.element, &input.ty.dims, device).unwrap())
    };
    let buffers = (0..inputs.len()).map(|device| inputs[device].iter().map(|input| buffer((device, input))).collect());
    let outputs = program.execute(buffers.collect()).unwrap();
    let tensor = |(output, ty): (_, &TensorType)| -> Tensor {
        let output: &dj_runtime::pjrt::Buffer = output;
        assert_eq!((output.element(), output.dims()), (ty.element, &ty.dims[..]));
        Tensor { ty: ty.clone(), bytes: output.to_host().unwrap().to_vec() }
    };
    outputs.iter().map(|outputs| outputs.iter().zip(&module.results).map(tensor).collect()).collect()
}
