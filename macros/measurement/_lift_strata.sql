{#- A select of every row of `tallies`, whose columns are those of _lift_tallies(), with what
    is reckoned for a stratum by itself.

    `is_counted`: 50 people or more in each arm. `is_split_off`: of the people whose windows
    have closed, see _split_is_off().

    Where both arms have 100 people (`adjusts_from`) or more, amounts are adjusted by what
    the same people did in the window before (CUPED: Deng et al., WSDM 2013), with the theta
    that makes the variance of the difference least also for arms of unequal size. Elsewhere
    theta is 0, and adjusted_m and adjusted_v are m and v. -#}
{% macro _lift_strata(tallies, adjusts_from=100) -%}
    with

    given as (

        select
            tallies.*,
            n1 >= 50 and n0 >= 50 as is_counted,
            measure = 'value'
            and n1 >= {{ adjusts_from }}
            and n0 >= {{ adjusts_from }}
            and vx1 / nullif(n1, 0) + vx0 / nullif(n0, 0) > 0 as is_adjusted
        from {{ tallies }} as tallies

    ),

    slopes as (

        select
            given.*,
            case
                when is_adjusted then (c1 / n1 + c0 / n0) / (vx1 / n1 + vx0 / n0)
                else 0.0
            end as theta
        from given

    )

    select
        slopes.*,
        m1 - theta * (mx1 - mx) as adjusted_m1,
        m0 - theta * (mx0 - mx) as adjusted_m0,
        v1 - 2 * theta * c1 + theta * theta * vx1 as adjusted_v1,
        v0 - 2 * theta * c0 + theta * theta * vx0 as adjusted_v0,
        {{ activation._split_is_off('closed1', 'closed0', 'drawn_percent', 'announced_people') }} as is_split_off
    from slopes
{%- endmacro %}
