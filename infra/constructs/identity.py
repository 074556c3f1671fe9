"""Who may use the dashboard: people, with an e-mail address that they have proven."""

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_cognito as cognito
from constructs import Construct

from infra.acknowledgments import acknowledge


class Identity(Construct):
    """`pool` of people and `client` of the dashboard. Nothing tells whether somebody is known."""

    def __init__(self, scope: Construct, id: str, *, keeps_data: bool) -> None:  # noqa: A002
        super().__init__(scope, id)
        self.pool = cognito.UserPool(
            self,
            "Pool",
            self_sign_up_enabled=True,
            sign_in_aliases=cognito.SignInAliases(email=True),
            sign_in_case_sensitive=False,
            auto_verify=cognito.AutoVerifiedAttrs(email=True),
            keep_original=cognito.KeepOriginalAttrs(email=True),
            account_recovery=cognito.AccountRecovery.EMAIL_ONLY,
            password_policy=cognito.PasswordPolicy(
                min_length=12, require_lowercase=True, require_uppercase=True, require_digits=True, require_symbols=True
            ),
            mfa=cognito.Mfa.OPTIONAL,
            mfa_second_factor=cognito.MfaSecondFactor(sms=False, otp=True),
            deletion_protection=keeps_data,
            removal_policy=RemovalPolicy.RETAIN if keeps_data else RemovalPolicy.DESTROY,
        )
        self.client = self.pool.add_client(
            "Dashboard",
            auth_flows=cognito.AuthFlow(user_password=True),
            prevent_user_existence_errors=True,
            enable_token_revocation=True,
            access_token_validity=Duration.hours(1),
            id_token_validity=Duration.hours(1),
            refresh_token_validity=Duration.days(30),
            disable_o_auth=True,
        )
        acknowledge(self.pool, "AwsSolutions-COG2", "A second factor is offered; whether they want one is up to the people.")
        acknowledge(self.pool, "AwsSolutions-COG8", "The plus plan costs for each person; the rules for passwords are strict without it.")
