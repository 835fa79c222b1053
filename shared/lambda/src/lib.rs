//! What every function has around it: serving, errors on the wire, configuration, telemetry.
