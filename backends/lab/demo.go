package lab

var siteNotes = map[string]string{"tokyo": "東京", "shanghai": "上海"}

// Demo is the fleet of ringside demo.
func Demo() []EngineOptions { return nil }
