//! AWS clients, error classification and the ledger.
