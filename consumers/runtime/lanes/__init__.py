"""Where handlers run: in the polling thread, in worker processes, on an event loop."""
