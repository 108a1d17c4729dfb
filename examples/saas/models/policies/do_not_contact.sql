{#- Grain: one person who asked to be left alone and has not taken it back. -#}
with

preferences as (

    select
        user_id,
        do_not_contact,
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
        'asked not to be contacted' as reason
    from preferences
    where
        place = 1
        and do_not_contact

)

select * from final
