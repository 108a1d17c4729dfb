{#- Grain: one person, with what they last agreed to. -#}
with

preferences as (

    select
        user_id,
        marketing_opt_in,
        row_number() over (
            partition by user_id
            order by changed_at desc
        ) as place
    from {{ ref('contact_preferences') }}
    where changed_at < {{ activation.as_of_time() }}

),

final as (

    select
        user_id,
        marketing_opt_in
    from preferences
    where place = 1

)

select * from final
