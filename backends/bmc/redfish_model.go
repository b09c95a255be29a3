package bmc

import (
	"encoding/json"
	"strings"
)

// The parts of Redfish resources (DSP2046) that are of use here. What a BMC leaves
// out or sets to null is the zero value.

type link struct {
	ID string `json:"@odata.id"`
}

type collection struct {
	Members []json.RawMessage `json:"Members"` // links, or whole resources
	Next    string            `json:"Members@odata.nextLink"`
}

// links returns the members' paths.
func (c collection) links() []string {
	var out []string
	for _, m := range c.Members {
		var l link
		if json.Unmarshal(m, &l) == nil && l.ID != "" {
			out = append(out, l.ID)
		}
	}
	return out
}

type serviceRoot struct {
	Type     string `json:"@odata.type"`
	Version  string `json:"RedfishVersion"`
	Systems  link   `json:"Systems"`
	Chassis  link   `json:"Chassis"`
	Managers link   `json:"Managers"`
	Links    struct {
		Sessions link `json:"Sessions"`
	} `json:"Links"`
}

// valid says whether this is the root of a Redfish service.
func (r *serviceRoot) valid() bool {
	return strings.HasPrefix(r.Type, "#ServiceRoot.") || r.Version != "" && r.Systems.ID != ""
}

type statusOf struct {
	State      string `json:"State"`
	Health     string `json:"Health"`
	Rollup     string `json:"HealthRollup"`
	Conditions []struct {
		Message  string `json:"Message"`
		Severity string `json:"Severity"`
	} `json:"Conditions"`
}

type computerSystem struct {
	ID           string   `json:"Id"`
	SystemType   string   `json:"SystemType"`
	Manufacturer string   `json:"Manufacturer"`
	Model        string   `json:"Model"`
	SerialNumber string   `json:"SerialNumber"`
	AssetTag     string   `json:"AssetTag"`
	BIOS         string   `json:"BiosVersion"`
	UUID         string   `json:"UUID"`
	PowerState   string   `json:"PowerState"`
	Status       statusOf `json:"Status"`
	Indicator    string   `json:"IndicatorLED"`
	Location     *bool    `json:"LocationIndicatorActive"`
	Processors   struct {
		Status statusOf `json:"Status"`
	} `json:"ProcessorSummary"`
	Memory struct {
		Status statusOf `json:"Status"`
	} `json:"MemorySummary"`
	Boot struct {
		Target  string `json:"BootSourceOverrideTarget"`
		Enabled string `json:"BootSourceOverrideEnabled"`
		Mode    string `json:"BootSourceOverrideMode"`
	} `json:"Boot"`
	LogServices link `json:"LogServices"`
	Links       struct {
		Chassis   []link `json:"Chassis"`
		ManagedBy []link `json:"ManagedBy"`
	} `json:"Links"`
	Actions struct {
		Reset struct {
			Target  string   `json:"target"`
			Allowed []string `json:"ResetType@Redfish.AllowableValues"`
			Info    string   `json:"@Redfish.ActionInfo"`
		} `json:"#ComputerSystem.Reset"`
	} `json:"Actions"`

	etag string
}
