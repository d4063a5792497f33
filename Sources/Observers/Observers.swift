// Observers
