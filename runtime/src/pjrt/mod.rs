//! A thin safe layer over the PJRT C API.

mod element;

pub use element::Element;
