package fleet

// Credential is a user name and a reference to a secret. The secret itself is
// read at the moment it is needed and never kept in the fleet.
type Credential struct {
	Name     string
	Username string
	Password Secret
	Where    Position
}

// Secret says where a secret is found. Exactly one field is set.
type Secret struct {
	Env     string
	File    string
	Command []string
}
