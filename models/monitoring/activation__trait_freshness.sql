{#- Grain: a trait of a sync. -#}
with

traits as (

    {{ activation._traits() }}

),

freshness as (

    select * from {{ ref('activation__freshness') }}

),

final as (

    select
        freshness.sync,
        {{ activation._as_text('traits.trait') }} as trait,
        freshness.model,
        freshness.destination,
        freshness.sla,
        freshness.verdict,
        freshness.age_minutes,
        freshness.data_age_minutes,
        freshness.sla_minutes,
        freshness.sla_share,
        freshness.built_at,
        freshness.settled_at
    from freshness
    inner join traits
        on freshness.model = traits.model and freshness.destination = traits.destination

)

select * from final
