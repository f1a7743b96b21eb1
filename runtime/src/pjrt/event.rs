//! Events: when asynchronous work is done, and whether it failed.
#![expect(unsafe_code, reason = "calls the PJRT C API")]

use std::ffi::c_void;
use std::ptr::NonNull;
use std::sync::Arc;

use super::abi::{self, RawError, RawEvent};
use super::client::Core;
use super::error::PjrtError;

/// The completion of asynchronous work.
pub struct Event {
    core: Arc<Core>,
    raw: NonNull<RawEvent>,
    during: &'static str,
}

// SAFETY: PJRT events may be used from any thread.
unsafe impl Send for Event {}
// SAFETY: as above.
unsafe impl Sync for Event {}

impl Event {
    /// Takes ownership of an event; `None` if the plugin gave none, that is if the work is done.
    pub(super) fn new(core: &Arc<Core>, raw: *mut RawEvent, during: &'static str) -> Option<Event> {
        Some(Event { core: Arc::clone(core), raw: NonNull::new(raw)?, during })
    }

    /// Waits until the work is done and returns its error, if it failed.
    pub fn wait(&self) -> Result<(), PjrtError> {
        // SAFETY: the event is alive.
        match unsafe { self.core.api().call::<abi::EventAwait>(|args| args.event = self.raw.as_ptr()) } {
            Ok(_) => Ok(()),
            Err(failure) => Err(failure.during(self.during)),
        }
    }

    /// Whether the work is done, well or not.
    pub fn is_ready(&self) -> Result<bool, PjrtError> {
        // SAFETY: the event is alive.
        let ready = unsafe { self.core.api().call::<abi::EventIsReady>(|args| args.event = self.raw.as_ptr()) };
        Ok(ready.map_err(|failure| failure.during(self.during))?.is_ready)
    }

    /// Drops `value` once the work is done, on whatever thread finishes it.
    pub(super) fn then_drop<T: Send + 'static>(self, value: T) -> Result<(), PjrtError> {
        /// What the callback needs: the plugin's functions to free the error, and the value.
        type Parcel<T> = (super::api::Api, T);

        unsafe extern "C" fn release<T>(error: *mut RawError, parcel: *mut c_void) {
            // SAFETY: the pointer comes from `Box::into_raw` below, and PJRT calls back once.
            let (api, value) = *unsafe { Box::from_raw(parcel.cast::<Parcel<T>>()) };
            drop(value);
            if let Some(error) = NonNull::new(error) {
                // SAFETY: the callback owns the error. It is not lost: the buffer reports it too.
                drop(unsafe { api.take_error(error) });
            }
        }

        let parcel = Box::into_raw(Box::new((self.core.api(), value)));
        // SAFETY: the event is alive; the callback has the right type and takes the parcel over.
        let registered = unsafe {
            self.core.api().call::<abi::EventOnReady>(|args| {
                args.event = self.raw.as_ptr();
                args.callback = Some(release::<T>);
                args.user_arg = parcel.cast();
            })
        };
        // On failure the parcel leaks: the plugin may still read the memory, so freeing it would be worse.
        registered.map(drop).map_err(|failure| failure.during(self.during))
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        // SAFETY: the event is ours and not used again. An error to destroy it leaves nothing to do.
        drop(unsafe { self.core.api().call::<abi::EventDestroy>(|args| args.event = self.raw.as_ptr()) });
    }
}

impl std::fmt::Debug for Event {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Event({})", self.during)
    }
}
