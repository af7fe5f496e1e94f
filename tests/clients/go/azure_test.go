// SPDX-License-Identifier: Apache-2.0

// Azure's libraries for Go at the emulator: every credential, what is written by id, and what is refused.
// test_go.py starts the emulator and tells by the environment where everything is.
package azure

import (
	"context"
	"errors"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armresources"
)

const version = "2024-05-01"

type object = map[string]any

var (
	endpoint     = os.Getenv("ENDPOINT")
	subscription = os.Getenv("SUBSCRIPTION")
	tenant       = os.Getenv("TENANT")
	background   = context.Background()
	options      = azcore.ClientOptions{Cloud: cloud.Configuration{
		ActiveDirectoryAuthorityHost: endpoint,
		Services: map[cloud.ServiceName]cloud.ServiceConfiguration{
			cloud.ResourceManager: {Endpoint: endpoint, Audience: endpoint},
		},
	}}
)

func must[T any](t *testing.T) func(T, error) T {
	return func(value T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

func bySecret(t *testing.T, secret string) azcore.TokenCredential {
	return must[*azidentity.ClientSecretCredential](t)(azidentity.NewClientSecretCredential(
		tenant, os.Getenv("CLIENT"), secret,
		&azidentity.ClientSecretCredentialOptions{ClientOptions: options, DisableInstanceDiscovery: true}))
}

func resources(t *testing.T) *armresources.Client {
	return must[*armresources.Client](t)(armresources.NewClient(
		subscription, bySecret(t, "right"), &arm.ClientOptions{ClientOptions: options}))
}

func resourceGroups(t *testing.T, credential azcore.TokenCredential) *armresources.ResourceGroupsClient {
	return must[*armresources.ResourceGroupsClient](t)(armresources.NewResourceGroupsClient(
		subscription, credential, &arm.ClientOptions{ClientOptions: options}))
}

func table(name string) string {
	return "/subscriptions/" + subscription + "/resourceGroups/kubernetes/providers/Microsoft.Network/routeTables/" + name
}

func put(t *testing.T, id string, properties object) (armresources.ClientCreateOrUpdateByIDResponse, error) {
	t.Helper()
	resource := armresources.GenericResource{Location: to.Ptr("Japan East"), Properties: properties}
	poller, err := resources(t).BeginCreateOrUpdateByID(background, id, version, resource, nil)
	if err != nil {
		return armresources.ClientCreateOrUpdateByIDResponse{}, err
	}
	return poller.PollUntilDone(background, nil)
}

func remove(t *testing.T, id string) error {
	t.Helper()
	poller, err := resources(t).BeginDeleteByID(background, id, version, nil)
	if err != nil {
		return err
	}
	_, err = poller.PollUntilDone(background, nil)
	return err
}

func checkRefused(t *testing.T, err error, status int, code string) {
	t.Helper()
	var refusal *azcore.ResponseError
	if !errors.As(err, &refusal) || refusal.StatusCode != status || refusal.ErrorCode != code {
		t.Fatalf("not %d %s: %v", status, code, err)
	}
}

func hook(t *testing.T, name, body string) {
	t.Helper()
	request := must[*http.Request](t)(http.NewRequest("PUT", endpoint+"/_emulator/"+name, strings.NewReader(body)))
	answer := must[*http.Response](t)(http.DefaultClient.Do(request))
	answer.Body.Close()
	if answer.StatusCode != 200 {
		t.Fatal(answer.Status)
	}
}

func TestEveryCredentialSignsIn(t *testing.T) {
	pem := must[[]byte](t)(os.ReadFile(os.Getenv("PEM")))
	certificates, key, err := azidentity.ParseCertificates(pem, nil)
	if err != nil {
		t.Fatal(err)
	}
	credentials := map[string]azcore.TokenCredential{
		"secret": bySecret(t, "right"),
		"certificate": must[*azidentity.ClientCertificateCredential](t)(azidentity.NewClientCertificateCredential(
			tenant, os.Getenv("CERTIFICATE"), certificates, key,
			&azidentity.ClientCertificateCredentialOptions{ClientOptions: options, DisableInstanceDiscovery: true})),
		"pod": must[*azidentity.WorkloadIdentityCredential](t)(azidentity.NewWorkloadIdentityCredential(
			&azidentity.WorkloadIdentityCredentialOptions{ClientOptions: options, DisableInstanceDiscovery: true,
				TenantID: tenant, ClientID: os.Getenv("POD"), TokenFilePath: os.Getenv("TOKEN")})),
		"machine": must[*azidentity.ManagedIdentityCredential](t)(azidentity.NewManagedIdentityCredential(nil)),
		"other": must[*azidentity.ManagedIdentityCredential](t)(azidentity.NewManagedIdentityCredential(
			&azidentity.ManagedIdentityCredentialOptions{ID: azidentity.ClientID(os.Getenv("OTHER"))})),
	}
	for name, credential := range credentials {
		found, err := resourceGroups(t, credential).Get(background, "kubernetes", nil)
		if err != nil || *found.Location != "japaneast" {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err = bySecret(t, "wrong").GetToken(background, policy.TokenRequestOptions{Scopes: []string{endpoint + "/.default"}})
	if err == nil || !strings.Contains(err.Error(), "AADSTS7000215") {
		t.Fatal(err)
	}
}

func TestResourcesById(t *testing.T) {
	made := must[armresources.ClientCreateOrUpdateByIDResponse](t)(put(t, table("t"), object{}))
	if *made.ID != table("t") || made.Properties.(object)["provisioningState"] != "Succeeded" {
		t.Fatal(*made.ID, made.Properties)
	}
	route := object{"addressPrefix": "10.9.0.0/24", "nextHopType": "VirtualAppliance", "nextHopIpAddress": "10.0.0.9"}
	must[armresources.ClientCreateOrUpdateByIDResponse](t)(put(t, table("t")+"/routes/r", route))
	found := must[armresources.ClientGetByIDResponse](t)(resources(t).GetByID(background, table("t"), version, nil))
	if len(found.Properties.(object)["routes"].([]any)) != 1 {
		t.Fatal(found.Properties)
	}
	count := 0
	for pager := resources(t).NewListPager(nil); pager.More(); {
		count += len(must[armresources.ClientListResponse](t)(pager.NextPage(background)).Value)
	}
	if count != 4 {
		t.Fatalf("%d resources", count)
	}
	for _, id := range []string{table("t") + "/routes/r", table("t"), table("t")} {
		if err := remove(t, id); err != nil {
			t.Fatal(id, err)
		}
	}
	_, err := resources(t).GetByID(background, table("t"), version, nil)
	checkRefused(t, err, 404, "ResourceNotFound")
}

func TestGroups(t *testing.T) {
	groups := resourceGroups(t, bySecret(t, "right"))
	_, err := groups.CreateOrUpdate(background, "g", armresources.ResourceGroup{Location: to.Ptr("eastus")}, nil)
	if err != nil {
		t.Fatal(err)
	}
	poller, err := groups.BeginDelete(background, "g", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = poller.PollUntilDone(background, nil); err != nil {
		t.Fatal(err)
	}
	exists := must[armresources.ResourceGroupsClientCheckExistenceResponse](t)(groups.CheckExistence(background, "g", nil))
	if exists.Success {
		t.Fatal("it is still there")
	}
}

func TestRefusalsAndFailures(t *testing.T) {
	_, err := put(t, table("t"), object{"routes": []any{object{"name": "r", "properties": object{
		"addressPrefix": "10.0.0.1/8", "nextHopType": "None"}}}})
	checkRefused(t, err, 400, "InvalidCIDRNotation")
	hook(t, "faults", `[{"method": "PUT", "nth": 1, "operation": {"state": "Failed", "code": "Broken", "message": "by a test"}}]`)
	if _, err = put(t, table("t"), object{}); err == nil || !strings.Contains(err.Error(), "by a test") {
		t.Fatal(err)
	}
	// Asked for again, after as long as the answer says.
	hook(t, "faults", `[{"method": "GET", "nth": 1, "status": 429, "code": "TooManyRequests", "headers": {"Retry-After": 1}}]`)
	must[armresources.ResourceGroupsClientGetResponse](t)(resourceGroups(t, bySecret(t, "right")).Get(background, "kubernetes", nil))
}
