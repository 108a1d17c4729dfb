{#- Grain: one time that a customer began to pay more, for the person who got the offer. -#}
with

versions as (

    select
        subscription_id,
        account_id,
        mrr,
        lag(mrr) over (
            partition by subscription_id
            order by valid_from
        ) as mrr_before,
        valid_from
    from {{ ref('subscription_versions') }}

),

contacts as (

    select
        account_id,
        user_id
    from {{ ref('account_contacts') }}

),

final as (

    select
        versions.subscription_id,
        contacts.user_id,
        cast(versions.mrr - versions.mrr_before as decimal(12, 2)) as added_mrr,
        versions.valid_from as expanded_at
    from versions
    inner join contacts on versions.account_id = contacts.account_id
    where
        versions.mrr_before > 0
        and versions.mrr > versions.mrr_before

)

select * from final
