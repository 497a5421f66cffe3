package auth

import (
	"os"
	"path/filepath"

	"golang.org/x/sys/windows/registry"
)

// firmware is the firmware's tables, as Windows keeps them in the registry; nil where it keeps none.
func firmware() []byte {
	k, err := registry.OpenKey(registry.LOCAL_MACHINE, `SYSTEM\CurrentControlSet\Services\mssmbios\Data`, registry.QUERY_VALUE)
	if err != nil {
		return nil
	}
	defer k.Close()
	tables, _, _ := k.GetBinaryValue("SMBiosData")
	return tables
}

func arcAgent() string {
	return filepath.Join(os.Getenv("ProgramFiles"), "AzureConnectedMachineAgent", "himds.exe")
}

// powerShellAbsent is why Azure PowerShell cannot be here: it needs a PowerShell with the module
// Az.Accounts. Windows has a PowerShell always, so the module tells.
func powerShellAbsent() string {
	home, _ := os.UserHomeDir()
	places := filepath.SplitList(os.Getenv("PSModulePath"))
	for _, own := range []string{"PowerShell", "WindowsPowerShell"} {
		places = append(places, filepath.Join(home, "Documents", own, "Modules"), filepath.Join(os.Getenv("ProgramFiles"), own, "Modules"))
	}
	for _, p := range places {
		if _, err := os.Stat(filepath.Join(p, "Az.Accounts")); err == nil {
			return ""
		}
	}
	return "The PowerShell module Az.Accounts is not installed."
}
