package bmc

import (
	"errors"
	"fmt"

	"github.com/bougou/go-ipmi/pkg/types"

	"ringside/backends/bmc/rmcp"
	"ringside/backends/fleet"
)

// refusal says why no session came about, and whether another cipher suite may do.
func (d *ipmi) refusal(told rmcp.Told, suite int, err error) (other bool, _ error) {
	if mixedUp(told) {
		return false, &reason{trouble: Rejected, why: "the BMC mixes up two beginnings of a login", hint: "datagrams come late or twice on the way to it", err: err}
	}
	if told.Status != types.RmcpStatusCodeNoErrors {
		if row, ok := refusals[told.Status]; ok {
			if row.other {
				return true, &reason{trouble: Unsupported, why: fmt.Sprintf("the BMC does not take cipher suite %d", suite), hint: "set bmc.cipher_suite to one that it takes", err: err}
			}
			return false, &reason{trouble: row.trouble, why: row.why, hint: row.hint, err: err}
		}
		return false, &reason{trouble: Rejected, why: "the BMC refuses to log in: " + fleet.Clean(told.Status.String()), err: err}
	}
	var answer *types.ResponseError
	switch {
	case told.Weakened:
		return true, &reason{trouble: Unsupported, why: fmt.Sprintf("the BMC answers cipher suite %d with another one", suite), hint: "set bmc.cipher_suite to one that it takes", err: err}
	case told.Stage == rmcp.Nothing:
		return false, d.silence(err)
	case told.Stage == rmcp.Capable && !told.V20:
		return false, errOldIPMI
	case errors.As(err, &answer):
		if answer.CompletionCode() == types.CodeSetSessionPrivilegeLevelExceedsLimit || answer.CompletionCode() == types.CodeSetSessionPrivilegeLevelLevelNotAvailable {
			return false, errPrivilege
		}
		return false, completion(answer, true)
	case told.Stage == rmcp.Capable: // it says nothing to this suite
		return true, d.silence(err)
	case told.Stage == rmcp.Challenged: // its proof is not made with our password
		return false, &reason{trouble: WrongPassword, why: "the password is not the BMC's", hint: "check the credential", err: err}
	case told.TwoKey && told.Stage >= rmcp.Proved && told.Stage < rmcp.Established:
		return false, &reason{trouble: WrongPassword, why: "the BMC wants a second key (K_G), which ringside does not know", hint: "clear K_G in the BMC", err: err}
	}
	return false, &reason{trouble: Silent, why: d.address + " stopped answering while logging in", hint: "some BMCs say nothing to a user they do not know", err: err}
}

// mixedUp says that the BMC refuses our proof of the password although its own was
// made with the same name and password. A message of ours was sent again, since the
// answer was late: the BMC made a second challenge, and ours answers the first, or has
// the session already. It says nothing about the password.
func mixedUp(told rmcp.Told) bool {
	switch told.Status {
	case types.RmcpStatusCodeInvalidSessionID, types.RmcpStatusCodeInactiveSessionID, types.RmcpStatusCodeUnauthorizedName,
		types.RmcpStatusCodeUnauthorizedGUID, types.RmcpStatusCodeInvalidIntegrityCheckValue:
		return told.Stage == rmcp.Proved
	}
	return false
}

var errPrivilege = &reason{trouble: WrongPassword, why: "the account may not have this privilege level", hint: "set bmc.privilege: operator, or raise the account's"}

// refusals are the status codes of RMCP+ (table 13-15): those that another cipher
// suite may avoid, and what the others mean.
var refusals = map[types.RmcpStatusCode]struct {
	other     bool
	trouble   Trouble
	why, hint string
}{
	types.RmcpStatusCodeNoResToCreateSess:          {trouble: SessionsFull, why: "every session of the BMC is taken", hint: "end other consoles, or wait a minute for theirs to expire"},
	types.RmcpStatusCodeNoResToCreateSessAtRole:    {trouble: SessionsFull, why: "every session of the BMC at this privilege level is taken", hint: "end other consoles, or wait a minute for theirs to expire"},
	types.RmcpStatusCodeInvalidAuthAlg:             {other: true},
	types.RmcpStatusCodeInvalidIntegrityAlg:        {other: true},
	types.RmcpStatusCodeNoMatchingAuthPayload:      {other: true},
	types.RmcpStatusCodeNoMatchingIntegrityPayload: {other: true},
	types.RmcpStatusCodeInvalidConfidentAlg:        {other: true},
	types.RmcpStatusCodeNoCipherSuiteMatch:         {other: true},
	types.RmcpStatusCodeIllegalParameter:           {other: true},
	types.RmcpStatusCodeInvalidRole:                {trouble: WrongPassword, why: errPrivilege.why, hint: errPrivilege.hint},
	types.RmcpStatusCodeUnauthorizedRoleOfPriLevel: {trouble: WrongPassword, why: errPrivilege.why, hint: errPrivilege.hint},
	types.RmcpStatusCodeInvalidNameLength:          {trouble: WrongPassword, why: "the BMC does not take a user name of this length", hint: "check the credential"},
	types.RmcpStatusCodeUnauthorizedName:           {trouble: WrongPassword, why: "the BMC does not know the user name", hint: "check the credential"},
	types.RmcpStatusCodeUnauthorizedGUID:           {trouble: WrongPassword, why: "the BMC refuses our proof of the password", hint: "check the credential"},
	types.RmcpStatusCodeInvalidIntegrityCheckValue: {trouble: WrongPassword, why: "the BMC refuses our proof of the password", hint: "check the credential"},
}

// completion puts an answer that is an error into words. reading says that a
// command was only to look.
func completion(e *types.ResponseError, reading bool) error {
	code := e.CompletionCode()
	if row, ok := completions[code]; ok {
		r := row
		r.err = e
		return &r
	}
	if code == types.CodeUnspecifiedError && reading {
		return &reason{trouble: Booting, why: "the BMC answers \"unspecified error\"", hint: "many do while they start", err: e}
	}
	if code == 0 { // the library's own words: the answer could not be read
		return &reason{trouble: Rejected, why: errNonsense.Error(), err: e}
	}
	return &reason{trouble: Rejected, why: fmt.Sprintf("the BMC refuses with code %#02x", uint8(code)), err: e}
}

// completions are the completion codes that mean the same after every command
// (table 5-2).
var completions = map[types.CompletionCode]reason{
	types.CodeNodeBusy:                            {trouble: Booting, why: "the BMC is busy"},
	types.CodeProcessTimeout:                      {trouble: Booting, why: "the BMC could not do it in time"},
	types.CodeCannotProvideResponse:               {trouble: Booting, why: "the BMC cannot answer just now"},
	types.CodeCannotProvideResponseSDRRInUpdate:   {trouble: Booting, why: "the BMC is updating its sensor records"},
	types.CodeCannotProvideResponseFirmwareUpdate: {trouble: Booting, why: "the BMC is updating its firmware"},
	types.CodeCannotProvideResponseBMCInitialize:  {trouble: Booting, why: "the BMC is starting"},
	types.CodeInvalidCommand:                      {trouble: Unsupported, why: "this BMC does not know the command"},
	types.CodeInvalidCommandForLUN:                {trouble: Unsupported, why: "this BMC does not know the command"},
	types.CodeParameterNotSupported:               {trouble: Unsupported, why: "this BMC does not know the parameter"},
	types.CodeSubFnDisabled:                       {trouble: Unsupported, why: "this function is disabled in the BMC"},
	types.CodeRequestDataFieldInvalid:             {trouble: Rejected, why: "the BMC does not take this value"},
	types.CodeInsufficientPrivilege:               {trouble: WrongPassword, why: "the account may not do that", hint: "set bmc.privilege, or use an account that may"},
	types.CodeNotSupported:                        {trouble: Rejected, why: "the BMC cannot do that in the host's present state"},
}
